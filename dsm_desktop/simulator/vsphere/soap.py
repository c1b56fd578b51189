"""The SOAP of a vCenter: requests are read and answers written by pyVmomi's own (de)serialisers."""

from __future__ import annotations

import dataclasses
from io import StringIO
from typing import Any, Final
from xml.parsers.expat import ExpatError, ParserCreate

from dsm_desktop.simulator.vsphere.vmomi import adapter, fault, support, vmodl

NS_SEP: Final = " "
WIRE: Final = "urn:vim25"
FETCH: Final = "Fetch"
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n'
)
_END: Final = "\n</soapenv:Body>\n</soapenv:Envelope>"
_XMLNS: Final = {**adapter.SOAP_NSMAP, WIRE: ""}


@dataclasses.dataclass(slots=True)
class Request:
    """One call: the object's type and id, the method's name on the wire, its arguments by name, and the API version."""

    kind: str
    moid: str
    method: str
    arguments: dict[str, Any]
    version: str
    result: Any


@dataclasses.dataclass(frozen=True, slots=True)
class Raw:
    """An answer that has been written already, as the elements inside `<…Response>`."""

    text: str


class _Reader:
    """Hands each parameter of the called method to pyVmomi's deserialiser."""

    def __init__(self, version: str) -> None:
        self.nsMap: dict[str | None, list[str]] = {}
        self._version = version
        self._depth = 0
        self._reading: tuple[Any, Any] | None = None
        self.method = ""
        self.info: Any = None
        self.this: Any = None
        self.arguments: dict[str, Any] = {}

    def read(self, body: bytes) -> None:
        self._parser = ParserCreate(namespace_separator=NS_SEP)
        self._parser.buffer_text = True
        adapter.SetHandlers(self._parser, adapter.GetHandlers(self))
        self._parser.Parse(body, True)
        self._take()

    def StartElementHandler(self, tag: str, attributes: dict[str, str]) -> None:
        self._take()
        namespace, _, name = tag.rpartition(NS_SEP)
        if namespace == adapter.XMLNS_SOAPENV:
            return
        if not self.method:
            if name != FETCH:
                self.info = support.GetWsdlMethod(WIRE, name).info
            self.method = name
            return
        expected = self._expected(name)
        reader = adapter.SoapDeserializer(None, self._version)
        single = expected.Item if issubclass(expected, list) else expected
        reader.Deserialize(self._parser, single, False, self.nsMap)
        reader.StartElementHandler(tag, attributes)
        self._reading = (name, reader)

    def _expected(self, name: str) -> Any:
        if name == "_this":
            return support.ManagedObject
        if self.info is None:
            return str
        for parameter in self.info.params:
            if parameter.name == name:
                return parameter.type
        raise fault(vmodl.fault.InvalidRequest, f"{self.method} has no parameter {name}.")

    def _take(self) -> None:
        """Keep the parameter that has just been read."""
        if self._reading is None:
            return
        name, reader = self._reading
        self._reading = None
        value = reader.GetResult()
        if name == "_this":
            self.this = value
        elif self.info is not None and issubclass(self._expected(name), list):
            self.arguments.setdefault(name, self._expected(name)()).append(value)
        else:
            self.arguments[name] = value

    def EndElementHandler(self, tag: str) -> None:
        """Ends of elements that pyVmomi did not read."""

    def StartNamespaceDeclHandler(self, prefix: str | None, uri: str) -> None:
        """A prefix means something from here on."""
        self.nsMap.setdefault(prefix, []).append(uri)

    def EndNamespaceDeclHandler(self, prefix: str | None) -> None:
        """It means again what it meant before."""
        self.nsMap[prefix].pop()

    def CharacterDataHandler(self, data: str) -> None:
        """White space between parameters."""


def read_request(body: bytes, version: str) -> Request:
    """Parse a request. Raises a vmodl fault when it is not one this API knows."""
    reader = _Reader(version)
    try:
        reader.read(body)
    except (ExpatError, TypeError, ValueError, AttributeError) as error:
        raise fault(vmodl.fault.InvalidRequest, f"The request cannot be read: {error}") from error
    except KeyError as error:
        raise fault(vmodl.RuntimeFault, f"Unable to resolve WSDL method name {error}") from error
    if reader.this is None or not reader.method:
        raise fault(vmodl.fault.InvalidRequest, "The request names no object or no method.")
    return Request(
        reader.this._wsdlName,
        reader.this._moId,
        reader.method,
        reader.arguments,
        version,
        object if reader.info is None else reader.info.result,
    )


def write(name: str, value: Any, kind: Any, version: str) -> str:
    """One element. `kind` object writes the value's own type beside it, as lists of properties need."""
    info = support.Object(name=name, type=kind, version=version, flags=support.F_OPTIONAL)
    out = StringIO()
    writer = adapter.SoapSerializer(out, version, _XMLNS)
    writer.outermostAttrs = ""
    writer.Serialize(value, info)
    return out.getvalue()


def answer(request: Request, value: Any) -> bytes:
    """The answer to a call."""
    if isinstance(value, Raw):
        text = value.text
    elif value is None:
        text = ""
    else:
        text = write("returnval", value, request.result, request.version)
    name = f"{request.method}Response"
    return f'{_ENVELOPE}<{name} xmlns="{WIRE}">{text}</{name}>{_END}'.encode()


def answer_fault(error: Any, version: str) -> bytes:
    """The answer when a call failed."""
    text = adapter.XmlEscape(error.msg or type(error).__name__.rsplit(".", 1)[-1])
    detail = adapter.SerializeFaultDetail(
        error,
        support.Object(name=f"{error._wsdlName}Fault", type=object, version=version, flags=0),
        version,
        {**adapter.SOAP_NSMAP, WIRE: ""},
    )
    return (
        f"{_ENVELOPE}<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{text}</faultstring>"
        f"<detail>{_with_namespace(detail, error)}</detail></soapenv:Fault>{_END}"
    ).encode()


def _with_namespace(detail: str, error: Any) -> str:
    tag = f"<{error._wsdlName}Fault"
    if f'xmlns="{WIRE}"' in detail.split(">", 1)[0]:
        return detail
    return detail.replace(tag, f'{tag} xmlns="{WIRE}"', 1)


def versions_document(versions: list[str]) -> bytes:
    """/sdk/vimServiceVersions.xml: newest first, as wire ids ("8.0.3.0")."""
    newest, *prior = versions
    rest = "".join(f"<version>{v}</version>" for v in prior)
    return (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<namespaces version="1.0"><namespace>'
        f"<name>{WIRE}</name><version>{newest}</version><priorVersions>{rest}</priorVersions>"
        "</namespace></namespaces>"
    ).encode()
