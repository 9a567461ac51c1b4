"""Reads frames: those of the usual formats here, those that the policy adds apart."""

from collections.abc import Collection

from auditor.faces import extra_formats, formats, frames
from auditor.faces.decoder import Decoder
from auditor.faces.frames import MAX_PIXELS, Picture, Turn


class FrameReader:
    """Reads the frames of a chain, whose policy may name extra formats."""

    def __init__(self, extra: Collection[str] = ()) -> None:
        """Name extra formats, by the words of formats.EXTRA.

        Raises:
            ConfigurationError: there is no decoder for one of them.
        """
        extra_formats.check_installed(extra)
        self._extra = frozenset(extra)
        self._decoder = Decoder(extra)

    def picture(self, content: bytes, scale: float = 1, turned: Turn = 0) -> Picture:
        """Decode a frame as :meth:`Picture.read` does; one of an extra format always whole.

        Raises:
            UnreadableFrameError: it is damaged, too large, or of another format.
            AuditorError: the process that decodes cannot be started.
        """
        word = self._extra_word(content)
        if word is None:
            return Picture.read(content, scale, turned)
        return Picture(self._decoder.decode(content, word), turned=turned)

    def size(self, content: bytes) -> int:
        """Pixels that the frame has decoded; 0 if it cannot be read or says that it is a bomb."""
        if self._extra_word(content) is None:
            return frames.size(content)
        claimed = extra_formats.pixels(content)
        return claimed if claimed <= MAX_PIXELS else 0

    def _extra_word(self, content: bytes) -> str | None:
        word = formats.extra_word(content) if self._extra else None
        return word if word in self._extra else None
