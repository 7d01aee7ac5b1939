"""Whether what is encrypted in the database can be decrypted here."""

from sqlalchemy.orm import Session

from domain import master_keys
from domain.doctor.findings import Finding, ok, unknown, warning, wrong
from settings import variable


def encryption(session: Session) -> Finding:
    """Whether this process has each master key that a data key needs, and the first of them wraps all."""
    found, name = master_keys.coverage(session), variable("master_keys")
    if found.lacking and not master_keys.known():
        return unknown(
            f"this process has no master keys, and data keys need {master_keys.told(found.lacking)}",
            f"Run this command with the environment of an api or worker; if these have none either, set {name} there.",
        )
    if found.lacking:
        return wrong(
            f"{name} lacks {master_keys.told(found.lacking)}",
            f"Add them to {name} of every api, worker, io and ocr, behind the first one; "
            "they stand beside the backups.",
        )
    if found.older:
        return warning(
            f"an older master key still wraps some: {master_keys.told(found.older)}",
            "Run `counterfoil keys rotate-master`, once every api, worker, io and ocr has the new one first.",
        )
    return ok(f"the first master key wraps all {found.current} data keys" if found.current else "no data key yet")
