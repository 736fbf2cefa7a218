"""The part of a project's folder that keeps the journal of paid calls."""

from collections.abc import Sequence

from maestro.services.storage.drafts import Draft, drop_drafts
from maestro.services.storage.durable import make_folder, place, stat_key
from maestro.services.storage.exchanges import ExchangesPart
from maestro.services.storage.facts import Facts
from maestro.services.storage.journal import Inputs, Intent, require_call_id
from maestro.services.storage.locks import presence_of
from maestro.types import SentPicture


class CallsPart(ExchangesPart):
    """intent -> sent -> answer -> (picture, record) -> done | failed; each durable before its method returns."""

    def begin(self, intent: Intent, sent: Sequence[SentPicture] = ()) -> None:
        """Before anything is asked, with the pictures that will be sent.

        Raises WorkspaceError when the project cannot be written: then nothing may be paid for.
        """
        with self._writing("The call"):
            facts: Facts = self._facts_to_change()
            owner = presence_of(self._ground.disk, self._ground.workspace)
            frame, pictures = facts.frame(intent.frame_index), tuple(self._sent(picture) for picture in sent)
            self._journal.begin(intent, owner, Inputs(facts.style_sha256, frame, pictures))

    def mark_sent(self, call_id: str) -> None:
        """Just before the request leaves: from here on it may be billed."""
        require_call_id(call_id)
        with self._writing("The call"):
            self._journal.append("sent", call_id)

    def draft(self, call_id: str) -> Draft:
        """Where the call's answer can go while it arrives. Raises WorkspaceError."""
        require_call_id(call_id)
        with self._writing("The call"):
            incoming = self.path / "incoming"
            make_folder(self._ground.disk, incoming)
        return Draft(self._ground.disk, incoming, call_id)

    def generation_id(self, call_id: str) -> str:
        """The provider's id of a call that an earlier program did not end, as far as it is known."""
        return self._journal.entry(call_id).generation_id

    def keep_answer(self, call_id: str, raw: bytes, draft: Draft | None = None) -> None:
        """The raw answer, as `incoming/<call_id>.raw`, before anybody parses it; `draft` is what arrived of it before."""
        require_call_id(call_id)
        with self._writing("The answer"):
            incoming = self.path / "incoming"
            make_folder(self._ground.disk, incoming)
            path = incoming / f"{call_id}.raw"
            if draft is None or not draft.becomes(path, len(raw)):
                place(self._ground.disk, path, raw)
            self._journal.append("answer", call_id, size_bytes=len(raw))

    def fail(self, call_id: str, message: str, *, may_be_charged: bool, raw: str = "") -> None:
        """The end of a call that came to nothing; its answer, or `raw`, stays in `incoming/` for the user to read."""
        require_call_id(call_id)
        with self._writing("The end of the call"):
            path = self.path / "incoming" / f"{call_id}.raw"
            if raw and stat_key(path) is None:
                make_folder(self._ground.disk, path.parent)
                place(self._ground.disk, path, raw.encode("utf-8", "replace"))
            self._journal.append("failed", call_id, message=message, may_be_charged=may_be_charged)
            drop_drafts(self._ground.disk, path.parent, call_id)

    def dismiss(self, call_id: str) -> None:
        """Takes an interruption off the list; what is known of the call stays in the journal."""
        require_call_id(call_id)
        with self._writing("Your change"):
            if self._journal.entry(call_id).interruption is not None:
                self._journal.append("dismissed", call_id)
