"""What a server says a mail is made of: names are shown as a person reads them, however they were sent."""

import pytest

from gateways import structure


@pytest.mark.parametrize(("disposition", "kind", "name"), [
    ((b"filename", b"bill.pdf"), (), "bill.pdf"),
    ((), (b"name", b"bill.pdf"), "bill.pdf"),
    ((b"filename", b"=?utf-8?B?UmVjaG51bmcgw7wucGRm?="), (), "Rechnung ü.pdf"),
    ((b"filename*", b"utf-8''Rechnung%20%C3%BC.pdf"), (), "Rechnung ü.pdf"),
    ((b"filename*0*", b"utf-8''Rechnung%20", b"filename*1*", b"%C3%BC.pdf"), (), "Rechnung ü.pdf"),
    ((b"filename*0", b"bi", b"filename*1", b"ll.pdf"), (), "bill.pdf"),
    ((b"filename", "Rechnung ü.pdf".encode()), (), "Rechnung ü.pdf"),
    ((b"filename", b"=?no-such?B?UmVj?="), (), "=?no-such?B?UmVj?="),
    ((b"filename", b"=?utf-8?B?x"), (), "=?utf-8?B?x"),
    ((b"filename*", b"utf-8''a%0D%0Ab%00.pdf"), (), "a  b .pdf"),
    ((b"filename*", b"no-such''a%FF.pdf"), (), "a\N{LATIN SMALL LETTER Y WITH DIAERESIS}.pdf"),
    ((b"filename",), (), ""),
    ((b"filename", None), (), ""),
    ((b"filename", b"x" * 5000), (), "x" * 200),
])  # fmt: skip
def test_a_name_is_shown_as_it_is_read(disposition, kind, name):
    body = (b"application", b"pdf", kind, None, None, b"base64", 18, None, (b"attachment", disposition), None, None)
    [part] = structure.parts(body)
    assert (part.name, part.type, part.size) == (name, "application/pdf", 18)
