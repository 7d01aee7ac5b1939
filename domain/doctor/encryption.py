"""Whether what is encrypted in the database can be decrypted here, and what should be encrypted is."""

from sqlalchemy.orm import Session

from domain import master_keys
from domain.doctor.findings import Finding, ok, unknown, warning, wrong
from domain.personal_data import encrypting
from settings import variable


def encryption(session: Session) -> Finding:
    """Whether this process has each master key that a data key needs, the first wraps all, and nothing is in plain."""
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
    if plain := encrypting.count_plain(session):
        return _in_plain(plain, bool(found.current))
    return ok(f"the first master key wraps all {found.current} data keys" if found.current else "no data key yet")


def _in_plain(clients: int, encrypts: bool) -> Finding:
    told = f"the contact data of {clients:,} clients is kept in plain"
    if encrypts:
        return warning(told, f"A worker encrypts it once beat has cleaned up: see the jobs {encrypting.KIND}.")
    return warning(told, "Make a master key by `counterfoil keys master` and give it to every api, worker, io and ocr.")
