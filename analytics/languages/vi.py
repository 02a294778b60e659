"""Vietnamese, in which every rule has words."""

from analytics.language import Frame

_FACTS = "{name} tại {place}{proxy} {when}: {fact}. {act}"
_LONG = "{name} tại {place}{proxy}, {when}: {fact}. {act} {disclaimer}"
_GROUP = "{name} tại {{count}} nơi{proxy} {when}: {{places}}. {act}"

FRAME = Frame(
    proxy=" (theo trạm)",
    short={
        "open": _FACTS,
        "raise": "Tăng lên: " + _FACTS,
        "lower": "Giảm còn: " + _FACTS,
        "update": "Sửa tin: " + _FACTS,
        "day": "Ngày thứ {days}: {lower} tại {place}{proxy}: {fact}. {act}",
        "renew": "Đã {hours} giờ, chưa hết: {lower} tại {place}{proxy}: {fact}. {act}",
        "end": "Hết cảnh báo {lower} tại {place}{proxy}, từ {until}.",
        "lapse": "{name} tại {place}{proxy}: mất số liệu từ {until}, chưa rõ đã hết hay chưa.",
        "cancel": "Hủy cảnh báo {lower} tại {place}{proxy} {when}: số liệu đã được sửa.",
    },
    long={
        "open": _LONG,
        "raise": "Tăng mức. " + _LONG,
        "lower": "Giảm mức. " + _LONG,
        "update": "Sửa tin trước. " + _LONG,
        "day": "Còn kéo dài, ngày thứ {days}: {lower} tại {place}{proxy}, từ {when}: {fact}. {act} {disclaimer}",
        "renew": "Đã {hours} giờ, chưa hết: {lower} tại {place}{proxy}, từ {when}: {fact}. {act} {disclaimer}",
        "end": "Hết cảnh báo {lower} tại {place}{proxy}, từ {until}; bắt đầu {when}. {Fact}. {disclaimer}",
        "lapse": "{name} tại {place}{proxy}: mất số liệu từ {until}, chưa rõ đã hết chưa. {disclaimer}",
        "cancel": "Hủy cảnh báo {lower} tại {place}{proxy}, {when}: số liệu sau cho thấy không xảy ra. {disclaimer}",
    },
    group={
        "open": _GROUP,
        "raise": "Tăng lên: " + _GROUP,
        "lower": "Giảm còn: " + _GROUP,
        "update": "Sửa tin: " + _GROUP,
        "day": "Ngày thứ {days}: {lower} tại {{count}} nơi{proxy}: {{places}}. {act}",
        "renew": "Đã {hours} giờ, chưa hết: {lower} tại {{count}} nơi{proxy}: {{places}}. {act}",
        "end": "Hết cảnh báo {lower} tại {{count}} nơi{proxy}, từ {until}: {{places}}.",
        "lapse": "{name}: mất số liệu tại {{count}} nơi từ {until}, chưa rõ đã hết hay chưa: {{places}}.",
        "cancel": "Hủy cảnh báo {lower} tại {{count}} nơi{proxy} {when}: {{places}}. Số liệu đã được sửa.",
    },
    disclaimer="Chỉ báo của trạm đo tại chỗ, không phải bản tin của cơ quan khí tượng thủy văn.",
    source="Nguồn",
    day="ngày %d/%m",
    moment="lúc %H:%M %d/%m",
    span="từ {begin} đến {last}",
    decimal=",",
    ahead_proxy=" (dự báo)",
    ahead_short={
        "open": "Dự báo: " + _FACTS,
        "raise": "Dự báo tăng lên: " + _FACTS,
        "lower": "Dự báo giảm còn: " + _FACTS,
        "update": "Dự báo mới: " + _FACTS,
        "day": "Dự báo: " + _FACTS,
        "renew": "Dự báo: " + _FACTS,
        "end": "Đã qua thời gian dự báo {lower} tại {place}, đến {until}.",
        "cancel": "Hủy dự báo {lower} tại {place} {when}: dự báo mới không còn.",
    },
    ahead_long={
        "open": "Dự báo: " + _LONG,
        "raise": "Dự báo tăng mức: " + _LONG,
        "lower": "Dự báo giảm mức: " + _LONG,
        "update": "Dự báo mới: " + _LONG,
        "day": "Dự báo: " + _LONG,
        "renew": "Dự báo: " + _LONG,
        "end": "Đã qua thời gian dự báo {lower} tại {place}, {when}. {disclaimer}",
        "cancel": "Hủy dự báo {lower} tại {place}, {when}: dự báo mới hơn không còn nêu. {disclaimer}",
    },
    ahead_group={
        "open": _GROUP,
        "raise": "Tăng lên: " + _GROUP,
        "lower": "Giảm còn: " + _GROUP,
        "update": "Dự báo mới: " + _GROUP,
        "day": _GROUP,
        "renew": _GROUP,
        "end": "Đã qua thời gian dự báo {lower} tại {{count}} nơi, đến {until}: {{places}}.",
        "cancel": "Hủy dự báo {lower} tại {{count}} nơi {when}: {{places}}. Dự báo mới không còn.",
    },
    ahead_disclaimer="Tính theo dự báo phát {issued}, không phải bản tin của cơ quan khí tượng thủy văn.",
    brief={
        "day": "Ngày thứ {days}: {lower} tại {place}, {plain}.",
        "renew": "Đã {hours} giờ, chưa hết: {lower} tại {place}, {plain}.",
    },
    worst={True: " (đợt này thấp nhất {worst})", False: " (đợt này cao nhất {worst})"},
)
