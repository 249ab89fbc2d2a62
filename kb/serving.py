"""The served build, for long-running readers: the page and the tool server."""

from threading import Lock

from kb.knowledge_base import KnowledgeBase, open_build
from kb.settings import Settings
from kb.storage.builds import current_build


class ServedBuild:
    """Opens the served build, and the new one after each refresh; one per process, shared by its threads.

    Take the knowledge base once per question, so no answer mixes two builds. A build that is no longer served
    closes its files when its last question is done.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._base: KnowledgeBase | None = None

    def base(self) -> KnowledgeBase:
        """The knowledge base of the build served now; each build is opened once.

        :raises NoIndexError: nothing has been built yet.
        :raises DamagedIndexError: the build is damaged.
        :raises ModelError: the build was made with another model than GENLENS_MODEL.
        """
        with self._lock:
            build = current_build(self._settings.home)
            if self._base is None or self._base.build != build.id:
                self._base = open_build(self._settings, build)
            return self._base
