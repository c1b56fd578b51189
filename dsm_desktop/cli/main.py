"""`dsm-desktop`: the window without arguments, everything else for terminals and scripts."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from dsm_desktop import __version__
from dsm_desktop.cli.session import Session
from dsm_desktop.core.errors import DsmError

HELP = """Find, watch, configure and update Dell PowerEdge servers on closed networks.

Without a command the window opens. Exit codes: 0 done, 1 the job failed on at least one target, 2 wrong input,
3 not permitted, 4 a device or the database refused, 5 something on this machine, 6 cancelled, 70 a bug.
"""


COMMANDS = {
    "admin": "admin:admin",
    "agent": "agent:agent",
    "audit": "audit:audit",
    "credentials": "credentials:credentials",
    "demo": "demo:demo",
    "firmware": "firmware:firmware",
    "job": "jobs:job",
    "jobs": "jobs:jobs",
    "library": "library:library",
    "report": "report:report",
    "restore": "restore:restore",
    "runs": "runs:runs",
    "search": "search:search",
    "servers": "server_import:servers",
    "vcenters": "vcenters:vcenters",
}


class Lazy(click.Group):
    """Commands are imported when they are called: the window starts without them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, name = place.partition(":")
        found = getattr(import_module(f"dsm_desktop.cli.{module}"), name)
        assert isinstance(found, click.Command)
        return found


@click.group(cls=Lazy, invoke_without_command=True, help=HELP)
@click.version_option(__version__, prog_name="dsm-desktop")
@click.option(
    "--profile", type=click.Path(path_type=Path), help="Folder of the profile (default: this user's)."
)
@click.option(
    "--store", "store_url", default="", help="Store address instead of the profile's; no password in it."
)
@click.option("--key-file", type=click.Path(path_type=Path), help="File that holds the site key.")
@click.option("--passphrase-stdin", is_flag=True, help="Read the vault's passphrase from standard input.")
@click.option("--read-only", is_flag=True, help="Look only: nothing is changed and no job runs from here.")
@click.pass_context
def cli(
    context: click.Context,
    profile: Path | None,
    store_url: str,
    key_file: Path | None,
    passphrase_stdin: bool,
    read_only: bool,
) -> None:
    session = Session(profile, store_url, key_file, passphrase_stdin, read_only=read_only)
    context.obj = session
    context.call_on_close(session.close)
    if context.invoked_subcommand is None:
        context.exit(session.open_window())


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def simulator(arguments: tuple[str, ...]) -> int:
    """Serve a site of simulated iDRACs, for training and tests (--help lists its options)."""
    from dsm_desktop.simulator.__main__ import main as serve

    return serve(list(arguments))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the process's exit code. Typed errors are shown, a bug writes a crash report."""
    try:
        result = cli.main(args=arguments, prog_name="dsm-desktop", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        from dsm_desktop.cli import output

        output.say("Stopped.")
        return output.EXIT_CANCELLED
    except click.ClickException as error:
        error.show()
        return 2
    except DsmError as error:
        from dsm_desktop.cli import output

        output.show_error(error)
        return output.exit_code_for(error)
    return result if isinstance(result, int) else 0


def entry() -> None:
    """Console entry point."""
    sys.exit(main())
