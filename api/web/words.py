"""Words of the page in its languages, and how numbers, units and times are written in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

Language = Literal["vi", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("vi", "en")

_VI = {
    "title": "Nông Vụ",
    "subtitle": "Thời tiết và cảnh báo cho nhà nông",
    "skip": "Đến nội dung chính",
    "language": "English",
    "choose": "Chọn xã và trạm",
    "days": "Số ngày",
    "show": "Xem",
    "no_commune": "Chưa rõ xã",
    "alerts": "Cảnh báo đang có",
    "no_alerts": "Hiện không có cảnh báo nào.",
    "no_alerts_known": "Hiện không có cảnh báo nào trong những điều biết được ở đây.",
    "never_heard": "Chưa biết có cảnh báo hay không: trạm chưa gửi số liệu.",
    "awaited": "số liệu mới chưa được xét từ {}.",
    "not_known": "Chưa biết",
    "not_measured": "Ở đây không có máy đo để báo",
    "forecast": "dự báo",
    "more_places": "Nơi khác trong xã",
    "by_kind": "Việc cho từng loại",
    "warned": "có cảnh báo",
    "quiet": "chưa có cảnh báo",
    "other_alerts": "Nơi khác trong tỉnh",
    "since": "từ",
    "level": "cấp",
    "advice": "Nên làm",
    "now": "Bây giờ",
    "measured": "Đo lúc",
    "old": "Số liệu cũ",
    "ended": "đã ngừng từ",
    "doubtful": "chưa chắc chắn",
    "no_values": "Trạm này chưa gửi số liệu.",
    "past": "Những ngày qua",
    "per_hour": "mỗi giờ",
    "lowest": "thấp nhất",
    "highest": "cao nhất",
    "total": "tổng cộng",
    "no_chart": "Chưa có số liệu để vẽ.",
    "by_day": "Theo ngày",
    "stations": "Các trạm",
    "station": "Trạm",
    "commune": "Xã",
    "temperature": "Nhiệt độ",
    "local_time": "Giờ địa phương",
    "page_of": "Giờ của trang",
    "private": "Đất trại riêng",
    "source": "Số liệu đo tại trạm; không phải bản tin của cơ quan khí tượng thủy văn quốc gia.",
    "data": "Dữ liệu cho máy",
    "no_stations": "Chưa có trạm nào.",
    "not_found": "Không có trạm này, hoặc bạn không được xem.",
    "ago": "cách đây {}",
    "minutes": "{} phút",
    "hours": "{} giờ",
    "days_ago": "{} ngày",
    "just_now": "vừa xong",
    "offline": "Đang xem bản đã lưu, không có mạng.",
    "map": "Bản đồ trạm",
    "listen": "Nghe bản tin",
    "bulletins": "Bản tin nông vụ",
    "coming": "Sắp tới",
    "seasons": "Mùa vụ",
    "balance_chart": "Nước thiếu ở vùng rễ từ khi gieo (mm)",
    "rain": "Mưa",
}
_EN = {
    "title": "Nông Vụ",
    "subtitle": "Weather and warnings for farmers",
    "skip": "Skip to the content",
    "language": "Tiếng Việt",
    "choose": "Choose your commune and station",
    "days": "Days",
    "show": "Show",
    "no_commune": "Commune not known",
    "alerts": "Open warnings",
    "no_alerts": "There is no warning now.",
    "no_alerts_known": "There is no warning now among what can be known here.",
    "never_heard": "Not known whether there is a warning: the station has sent no readings.",
    "awaited": "new readings wait to be judged since {}.",
    "not_known": "Not known",
    "not_measured": "Nothing here measures it",
    "forecast": "forecast",
    "more_places": "Elsewhere in the commune",
    "by_kind": "For each kind",
    "warned": "with a warning",
    "quiet": "none known",
    "other_alerts": "Elsewhere in the province",
    "since": "since",
    "level": "level",
    "advice": "What to do",
    "now": "Now",
    "measured": "Measured at",
    "old": "Old value",
    "ended": "ended on",
    "doubtful": "doubtful",
    "no_values": "This station has not sent any values yet.",
    "past": "The past days",
    "per_hour": "by the hour",
    "lowest": "lowest",
    "highest": "highest",
    "total": "in total",
    "no_chart": "There are no values to draw yet.",
    "by_day": "Day by day",
    "stations": "Stations",
    "station": "Station",
    "commune": "Commune",
    "temperature": "Temperature",
    "local_time": "Local time",
    "page_of": "Time of this page",
    "private": "Private farm",
    "source": "Measured at stations; not a bulletin of the national weather service.",
    "data": "Data for machines",
    "no_stations": "There are no stations yet.",
    "not_found": "There is no such station, or you may not see it.",
    "ago": "{} ago",
    "minutes": "{} min",
    "hours": "{} h",
    "days_ago": "{} days",
    "just_now": "just now",
    "offline": "This is a saved copy: there is no network.",
    "map": "Map of stations",
    "listen": "Listen to the bulletin",
    "bulletins": "Farm bulletins",
    "coming": "What is coming",
    "seasons": "Crops in the field",
    "balance_chart": "Water lacking in the root zone since sowing (mm)",
    "rain": "Rain",
}
WORDS: Final = MappingProxyType({"vi": MappingProxyType(_VI), "en": MappingProxyType(_EN)})

#: Whom advice is for.
AUDIENCES: Final = MappingProxyType({
    "vi": MappingProxyType({
        "rice": "Lúa", "vegetables": "Rau màu", "orchard": "Cây ăn quả", "forest": "Rừng", "cattle": "Trâu bò",
        "pigs_poultry": "Lợn, gà", "fish": "Thủy sản", "household": "Gia đình",
    }),
    "en": MappingProxyType({
        "rice": "Rice", "vegetables": "Vegetables", "orchard": "Fruit trees", "forest": "Forest", "cattle": "Cattle",
        "pigs_poultry": "Pigs and poultry", "fish": "Fish", "household": "Household",
    }),
})  # fmt: skip

#: A season in words; {} are filled by `api.web.season`.
SEASON_WORDS: Final = MappingProxyType({
    "vi": MappingProxyType({
        "sown": "Gieo ngày {}, đến nay {} ngày.",
        "stage": "Đang ở giai đoạn {}.",
        "next": "Còn khoảng {1} ngày đến {0}.",
        "lacks": "Đất vùng rễ đang thiếu {} nước.",
        "irrigate": "Nên tưới {} (chưa tính hao hụt trên ruộng và kênh).",
        "days_left": "Nếu không mưa, khoảng {} ngày nữa phải tưới.",
        "balance": "Nước thiếu ở vùng rễ từ khi gieo",
    }),
    "en": MappingProxyType({
        "sown": "Sown on {}, {} days ago.",
        "stage": "Now in the {} stage.",
        "next": "About {1} days to the {0}.",
        "lacks": "The root zone lacks {} of water.",
        "irrigate": "Irrigate {} (losses of field and canal come on top).",
        "days_left": "Without rain, irrigation is due in about {} days.",
        "balance": "Water lacking in the root zone since sowing",
    }),
})  # fmt: skip
#: Stages of a crop (FAO-56, ch. 6) and what they end in.
STAGES: Final = MappingProxyType(
    {
        "vi": ("đầu vụ", "phát triển thân lá", "giữa vụ", "cuối vụ", "thu hoạch"),
        "en": ("initial", "development", "mid-season", "late season", "harvest"),
    }
)

#: How units are written for people (UCUM → what stands on the page).
UNITS = {
    "Cel": "°C", "W/m2": "W/m²", "deg": "°", "m3/m3": "%", "{index}": "", "1": "", "[pH]": "pH", "{ratio}": "",
    "m3": "m³", "m3/s": "m³/s", "ug/m3": "µg/m³", "[NTU]": "NTU", "[ppm]": "ppm", "Cel.d": "°C·d", "MJ/m2": "MJ/m²",
}  # fmt: skip
_COMPASS = {
    "vi": ("Bắc", "Đông Bắc", "Đông", "Đông Nam", "Nam", "Tây Nam", "Tây", "Tây Bắc"),
    "en": ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"),
}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_WEEKDAYS = {
    "vi": ("Th. Hai", "Th. Ba", "Th. Tư", "Th. Năm", "Th. Sáu", "Th. Bảy", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


def language_of(asked: str | None, accepted: str, usual: Language) -> Language:
    """Language asked for in the address, else the first known one that the browser accepts, else the usual one."""
    if asked in WORDS:
        return "en" if asked == "en" else "vi"
    for part in accepted.split(",")[:20]:
        name = part.split(";")[0].strip().lower()[:2]
        if name in WORDS:
            return "en" if name == "en" else "vi"
    return usual


def number(value: float, unit: str, language: Language) -> str:
    """A value as people write it: few digits, decimal comma in Vietnamese."""
    if unit == "m3/m3":
        value *= 100
    size = abs(value)
    whole = unit == "1" and value == round(value)  # a level, a stage, a count
    digits = (
        0
        if size >= 100 or whole or unit in {"%", "m3/m3", "deg"}
        else 2
        if size < 1 and unit not in {"Cel", "mm"}
        else 1
    )
    text = f"{value:.{digits}f}".replace("-", "−")
    if text.strip("−0.") == "":
        text = text.replace("−", "")
    return text.replace(".", ",") if language == "vi" else text


def with_unit(value: float, unit: str, language: Language) -> str:
    """A value with its unit; a direction as a word."""
    if unit == "deg":
        return _COMPASS[language][round(value / 45) % 8]
    sign = UNITS.get(unit, unit)
    space = "" if sign == "%" else " "
    return f"{number(value, unit, language)}{space}{sign}".rstrip()


def date(moment: datetime, language: Language) -> str:
    """A local date: 05/01/2013, or 5 January 2013."""
    if language == "vi":
        return f"{moment:%d/%m/%Y}"
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def short_date(moment: datetime, language: Language) -> str:
    """A local day for the axis of a chart: 5/1, or 5 Jan."""
    return f"{moment.day}/{moment.month}" if language == "vi" else f"{moment.day} {_MONTHS[moment.month - 1][:3]}"


def weekday(moment: datetime, language: Language) -> str:
    """Day of the week."""
    return _WEEKDAYS[language][moment.weekday()]


def time_and_date(moment: datetime, language: Language) -> str:
    """A local moment: 14:05 ngày 05/01/2013, or 14:05, 5 January 2013."""
    middle = " ngày " if language == "vi" else ", "
    return f"{moment:%H:%M}{middle}{date(moment, language)}"


def ago(age: timedelta, language: Language) -> str:
    """How long ago, in one unit."""
    words, minutes = WORDS[language], int(age.total_seconds() // 60)
    if minutes < 1:
        return words["just_now"]
    if minutes < 120:
        return words["ago"].format(words["minutes"].format(minutes))
    if minutes < 48 * 60:
        return words["ago"].format(words["hours"].format(minutes // 60))
    return words["ago"].format(words["days_ago"].format(minutes // 1440))
