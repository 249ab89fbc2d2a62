"""The build that is served now, for readers that live long: the page and the tool server."""

from threading import Lock

from kb.knowledge_base import KnowledgeBase, open_build
from kb.settings import Settings
from kb.storage.builds import current_id


class Served:
    """Gives the knowledge base of the build that is served; one for all threads of a process.

    Ask for it once a question and answer the whole question from it, so that no answer mixes two builds.
    A build that is no longer served closes its files when the last question that holds it is done.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = Lock()
        self._base: KnowledgeBase | None = None

    def base(self) -> KnowledgeBase:
        """The knowledge base of the build that is served at this moment, opened once a build.

        :raises NoIndexError: nothing has been built yet.
        :raises DamagedIndexError: the build cannot be read.
        :raises ModelError: the build was made with another model than the one that is set.
        """
        with self._lock:
            build = current_id(self._settings.home)
            if self._base is None or self._base.build != build:
                self._base = open_build(self._settings, build)
            return self._base
