"""Vietnamese, in which every rule has words."""

from analytics.language import FACTS, LONG, Frame

FRAME = Frame(
    proxy=" (theo trạm)",
    short={
        "open": FACTS,
        "raise": "Tăng: " + FACTS,
        "lower": "Giảm: " + FACTS,
        "update": "Sửa tin: " + FACTS,
        "end": "Hết {name} {place}{proxy}, từ {until}.",
        "lapse": "{name} {place}{proxy}: không có số liệu từ {until}, không theo dõi được nữa.",
        "cancel": "Hủy tin {name} {place}{proxy} {when}: số liệu đã được sửa.",
    },
    long={
        "open": LONG,
        "raise": "Tăng mức. " + LONG,
        "lower": "Giảm mức. " + LONG,
        "update": "Sửa tin trước. " + LONG,
        "end": "Hết {name}, {place}{proxy}, từ {until}; bắt đầu {when}. {fact}. {disclaimer}",
        "lapse": "{name}, {place}{proxy}: không có số liệu từ {until} nên không theo dõi được nữa. {disclaimer}",
        "cancel": "Hủy tin {name}, {place}{proxy}, {when}: số liệu đến sau cho thấy không xảy ra. {disclaimer}",
    },
    group="{name} tại {{count}} nơi{proxy}: {{places}}. {act}",
    disclaimer="Chỉ báo của trạm đo tại chỗ, không phải bản tin của cơ quan khí tượng thủy văn.",
    source="Nguồn",
    day="%d/%m",
    moment="%H:%M %d/%m",
    decimal=",",
    ahead_proxy=" (dự báo)",
    ahead_short={
        "open": "Dự báo: " + FACTS,
        "raise": "Dự báo tăng: " + FACTS,
        "lower": "Dự báo giảm: " + FACTS,
        "update": "Dự báo mới: " + FACTS,
        "end": "Đã qua hạn dự báo {name} {place}, đến {until}.",
        "cancel": "Hủy dự báo {name} {place} {when}: dự báo mới không còn.",
    },
    ahead_long={
        "open": "Dự báo: " + LONG,
        "raise": "Dự báo tăng mức: " + LONG,
        "lower": "Dự báo giảm mức: " + LONG,
        "update": "Dự báo mới: " + LONG,
        "end": "Đã qua thời gian dự báo {name}, {place}, {when}. {disclaimer}",
        "cancel": "Hủy dự báo {name}, {place}, {when}: dự báo mới hơn không còn nêu. {disclaimer}",
    },
    ahead_disclaimer="Tính theo dự báo phát lúc {issued}, không phải bản tin của cơ quan khí tượng thủy văn.",
)
