"""Sessions full: Basic takes over, and a wrong password is still found out."""

from __future__ import annotations

from tests.operations.conftest import Program


def test_a_wrong_login_is_not_accepted_because_the_sessions_are_full(program: Program) -> None:
    program.scan(read=False)
    idrac = program.site.idracs[3]
    idrac.set_fault("sessions_full")
    program.set_password("not the password")
    task = program.tasks(program.run("test_credentials", {}, [program.server(idrac).id]).id)[0]
    assert task.state == "failed"
    assert task.error is not None
    assert task.error["code"] == "LoginRefused"
    assert program.server(idrac).access == "no_login"
