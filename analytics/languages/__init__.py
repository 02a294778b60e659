"""The languages of messages: one file each, one line here; Tày, Nùng and Dao once people have written them.

A rule that has no words yet in a language is said in its frame with the Vietnamese words.
"""

from collections.abc import Mapping

from analytics.language import Frame
from analytics.languages import en, vi

#: Code → how steps are said; the first one is what every rule has words in.
FRAMES: Mapping[str, Frame] = {"vi": vi.FRAME, "en": en.FRAME}
