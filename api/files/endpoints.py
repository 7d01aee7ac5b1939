"""Files by link: whoever has one may read the file until the link ends."""

from flask import Response

from api.http.blueprint import OPEN, Blueprint
from api.http.downloads import HEADERS, download
from db.transaction import transaction
from domain.files import links

files_api = Blueprint("files", __name__, description="Files that were received, by links that are good for minutes.")


@files_api.route(f"{links.PATH}<link_token:token>", OPEN)
@files_api.response(200, {"type": "string", "format": "binary"}, content_type="*/*", headers=HEADERS)
@files_api.refuses(404, 410)
@files_api.doc(security=[])
def download_file(token: str) -> Response:
    """Download the file that a link leads to.

    It needs no key: the link itself is the right to read. It ends after minutes, and then answers 410.
    """
    with transaction() as session:
        found = links.follow(session, token)
    return download(found.file, found.name)
