"""Frame: what stands before and after the text of a message: drill, repeat, update, several hazards at once (pure)."""

from __future__ import annotations

#: What the repeat begins and ends with, and what officers are told first; by rung.
AGAIN = {
    1: {"vi": ("Nhắc lại: ", " Nhắn OK nếu đã nhận."), "en": ("Again: ", " Reply OK if you have read it.")},
    2: {"vi": ("Chưa ai báo đã nhận: ", ""), "en": ("Nobody has acknowledged: ", "")},
}
#: What a drill's messages begin with.
EXERCISE = {"vi": "DIỄN TẬP. ", "en": "EXERCISE. "}
#: What a message begins with for those who had the forecast of what has now come.
UPDATE = {"vi": "Cập nhật: ", "en": "Update: "}
#: What it begins with where hazards that come together have raised its level.
RAISED = {"vi": "Nhiều thiên tai cùng lúc. ", "en": "Several hazards at once. "}


def around(language: str, *, rung: int, drill: bool, update: bool, raised: bool) -> tuple[str, str]:
    """What a message begins with, and what it ends with where there is room."""
    begin, end = AGAIN[rung].get(language, AGAIN[rung]["vi"]) if rung in AGAIN else ("", "")
    marks = ((drill, EXERCISE), (update, UPDATE), (raised, RAISED))
    return begin + "".join(said.get(language, said["vi"]) for holds, said in marks if holds), end
