"""The workspace on disk: every file name, every record; the only room that knows TinyDB.

`Workspace` keeps projects, `ProjectFolder` keeps what is in one, `Intent` is a paid call that is about to be made.
"""

from maestro.services.storage.book import Entry
from maestro.services.storage.drafts import Draft
from maestro.services.storage.folder import ProjectFolder
from maestro.services.storage.journal import Intent
from maestro.services.storage.ledger import LEDGER_FILE, Ledger, fingerprint
from maestro.services.storage.preferences import PREFERENCES_FILE
from maestro.services.storage.records import AskedRecord
from maestro.services.storage.wanted import nearest_frame, reduced
from maestro.services.storage.workspace import Workspace

__all__ = [
    "LEDGER_FILE",
    "PREFERENCES_FILE",
    "AskedRecord",
    "Draft",
    "Entry",
    "Intent",
    "Ledger",
    "ProjectFolder",
    "Workspace",
    "fingerprint",
    "nearest_frame",
    "reduced",
]
