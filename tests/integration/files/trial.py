"""A route that keeps what is uploaded, as an application of these tests has it."""

from flask import Response
from sqlalchemy.orm import Session

from api.http.blueprint import ANYONE, Blueprint
from api.http.idempotency import Answer, once
from api.http.uploads import Upload, takes_file
from domain.files import storing

PATH = "/api/v1/trial"
trial_api = Blueprint("trial", __name__, description="For tests.")


@trial_api.route(PATH, ANYONE, methods=["POST"])
@trial_api.response(201)
@trial_api.idempotent
@takes_file
def try_upload(upload: Upload) -> Response:
    """Keep a file.

    For tests alone.
    """

    def work(session: Session) -> Answer:
        file = storing.keep(session, upload.file)
        return Answer(201, {"sha256": file.sha256.hex(), "name": upload.name, "type": file.media_type})

    return once(work, prepare=upload.store).response()
