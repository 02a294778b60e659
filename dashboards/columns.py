"""Columns that boards share: places with their links, levels, times, flags."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards import palette
from dashboards.crops import CROPS
from dashboards.panel import Column
from dashboards.words import Words
from telemetry.quantities import QUANTITIES

_STATION = "/d/nongvu-station-{}?var-station=${{__data.fields.station}}&${{__url_time_range}}"

NAME = Column(title=Words("Nơi", "Place"), link=Words(_STATION.format("vi"), _STATION.format("en")))
PLACE = Column(title=Words("Nơi", "Place"))
STATION = Column(title=Words("Mã", "Code"), width=130)
COMMUNE = Column(title=Words("Xã", "Commune"))
LEVEL = Column(title=Words("Cấp", "Level"), saying="levels", width=100)
TIME = Column(title=Words("Từ", "Since"), unit="dateTimeAsIso", width=165)
AT = Column(title=Words("Lúc", "At"), unit="dateTimeAsIso", width=165)
END = Column(title=Words("Đến", "Until"), unit="dateTimeAsIso", width=165)
QUALITY = Column(title=Words("Chất lượng", "Quality"), saying="qualities", width=130)

#: Names of hazards in alerts (analytics/rules; a test compares them).
HAZARDS: Mapping[str, Words] = {
    "cold": Words("❄ Rét", "❄ Cold"),
    "frost": Words("✻ Sương muối", "✻ Frost"),
    "heat": Words("☀ Nắng nóng", "☀ Heat"),
    "rain": Words("☂ Mưa lớn", "☂ Heavy rain"),
    "flood": Words("≋ Lũ quét, sạt lở", "≋ Flash flood, landslide"),
    "water": Words("≈ Nước sông, hồ", "≈ Rivers, reservoirs"),
    "wind": Words("➤ Gió mạnh", "➤ Strong wind"),
    "storm": Words("◎ Bão", "◎ Storm"),
    "fire": Words("▲ Cháy rừng", "▲ Forest fire"),
    "drought": Words("◌ Khô hạn", "◌ Drought"),
    "crop_cold": Words("✿ Rét cho cây", "✿ Cold for crops"),
    "disease": Words("✚ Sâu bệnh", "✚ Disease"),
    "irrigation": Words("⊥ Tưới, tiêu", "⊥ Irrigation"),
    "livestock_cold": Words("♞ Rét vật nuôi", "♞ Cold livestock"),
    "livestock_heat": Words("♘ Nóng vật nuôi", "♘ Hot livestock"),
    "pond": Words("◍ Ao nuôi", "◍ Ponds"),
    "network": Words("⌁ Mạng trạm", "⌁ Network"),
}
HAZARD = Column(title=Words("Thiên tai", "Hazard"), saying=HAZARDS)

#: Names of rules (analytics/rules; a test compares them).
RULES: Mapping[str, Words] = {
    "cold_spell": Words("Rét, rét đậm, rét hại", "Cold, severe cold, damaging cold"),
    "frost": Words("Sương muối", "Frost"),
    "heat": Words("Nắng nóng", "Heat"),
    "heavy_rain": Words("Mưa vừa, mưa to, mưa rất to", "Moderate, heavy, very heavy rain"),
    "flash_flood_rain": Words("Mưa gây lũ quét, sạt lở", "Rain of flash flood, landslide"),
    "strong_wind": Words("Gió mạnh", "Strong wind"),
    "gust": Words("Gió giật", "Gusts"),
    "storm_level": Words("Cấp rủi ro bão", "Storm risk level"),
    "fire_province": Words("Cấp dự báo cháy rừng của tỉnh", "The province's fire level"),
    "no_sowing": Words("Chưa nên gieo cấy", "Not the time to sow or transplant"),
    "frost_tonight": Words("Sương muối đêm nay", "Frost tonight"),
    "rice_blast": Words("Thời tiết thuận cho đạo ôn", "Rice blast weather"),
    "late_blight": Words("Thời tiết thuận cho mốc sương", "Late blight weather"),
    "irrigation_due": Words("Đến lúc tưới", "Irrigation due"),
    "soil_dry": Words("Đất khô", "Dry soil"),
    "soil_wet": Words("Đất úng", "Waterlogged soil"),
    "cattle_cold": Words("Rét cho trâu bò", "Cold for cattle and buffalo"),
    "livestock_heat": Words("Nóng cho gia súc", "Heat for livestock"),
    "pig_heat": Words("Nóng cho lợn", "Heat for pigs"),
    "pond_oxygen": Words("Ao thiếu ôxy", "Pond short of oxygen"),
    "unionised_ammonia": Words("Ao nhiều khí độc NH3", "Un-ionised ammonia"),
    "sudden_rain": Words("Mưa to, chưa chắc chắn", "Sudden rain, not yet certain"),
    "intense_rain_10min": Words("Mưa dồn dập 10 phút", "Intense rain in 10 minutes"),
    "intense_rain_60min": Words("Mưa dồn dập 1 giờ", "Intense rain in an hour"),
    "water_marks": Words("Nước tới mốc", "Water at a mark"),
    "water_rise": Words("Nước lên nhanh", "Water rising fast"),
    "drought_spi": Words("Khô hạn (SPI 3 tháng)", "Drought (SPI of 3 months)"),
    "fire_weather": Words("Thời tiết dễ cháy rừng (FWI)", "Forest fire weather (FWI)"),
    "silent_station": Words("Trạm mất tín hiệu", "Silent station"),
    "battery_low": Words("Ắc quy yếu", "Battery low"),
    "battery_level_low": Words("Pin cảm biến yếu", "Sensor battery low"),
    "sensor_stuck": Words("Cảm biến kẹt giá trị", "Stuck sensor"),
    "sensor_drift": Words("Cảm biến lệch dần", "Drifting sensor"),
    "gateway_offline": Words("Cổng mất kết nối", "Gateway offline"),
    "clock_wrong": Words("Đồng hồ cổng sai", "Gateway's clock wrong"),
    "sequence_gap": Words("Thiếu gói số liệu", "Packs missing"),
}
RULE = Column(title=Words("Quy tắc", "Rule"), saying=RULES)

QUANTITY = Column(title=Words("Đại lượng", "Quantity"), saying={name: palette.title_of(name) for name in QUANTITIES})


CROP = Column(title=Words("Cây trồng", "Crop"), saying=CROPS)
#: Stages of a crop as whole numbers (FAO-56, figure 29).
STAGES: Mapping[str, Words] = {
    "1": Words("① cây con", "① initial"),
    "2": Words("② lớn nhanh", "② development"),
    "3": Words("③ ra hoa, nuôi quả", "③ mid-season"),
    "4": Words("④ chín", "④ late"),
    "5": Words("⑤ thu hoạch", "⑤ harvest"),
}

#: Checks of quality (store/flag.py; a test compares them).
CHECKS: Mapping[str, Words] = {
    "physical_range": Words("ngoài giới hạn vật lý", "physical range"),
    "local_range": Words("ngoài khí hậu địa phương", "local range"),
    "pack_agreement": Words("mâu thuẫn trong gói", "pack agreement"),
    "step": Words("nhảy bậc", "step"),
    "spike": Words("gai", "spike"),
    "persistence": Words("đứng yên", "persistence"),
    "consistency": Words("mâu thuẫn giữa các đại lượng", "consistency"),
    "spatial": Words("khác hàng xóm", "spatial"),
    "rain_occurrence": Words("mưa khác hàng xóm", "rain occurrence"),
    "clogged": Words("vũ kế tắc", "clogged gauge"),
    "drift": Words("trôi dần", "drift"),
    "clear_sky": Words("quá trời quang", "above clear sky"),
    "person": Words("người nói", "a person said so"),
    "redated": Words("chỉnh lại giờ", "redated"),
    "estimated": Words("ước tính", "estimated"),
}

CHECK = Column(title=Words("Lý do", "Reason"), saying=CHECKS)
WHO = Column(
    title=Words("Bởi", "By"),
    saying={
        "ordered": Words("kiểm tra tự động", "automatic check"),
        "spatial": Words("so với trạm bên", "comparison with neighbours"),
        "person": Words("cán bộ", "a person"),
    },
)
#: Why a record was set aside (telemetry/reason.py; a test compares them).
REASONS: Mapping[str, Words] = {
    "malformed": Words("gói hỏng", "malformed pack"),
    "oversized": Words("gói quá lớn", "oversized pack"),
    "empty": Words("gói rỗng", "empty pack"),
    "label": Words("nhãn gói sai", "wrong label"),
    "content_type": Words("kiểu nội dung lạ", "unknown content type"),
    "record": Words("bản ghi sai dạng", "malformed record"),
    "name": Words("tên sai dạng", "malformed name"),
    "unknown_quantity": Words("đại lượng lạ", "unknown quantity"),
    "wrong_unit": Words("sai đơn vị", "wrong unit"),
    "not_a_number": Words("không phải số", "not a number"),
    "not_finite": Words("số vô hạn", "not finite"),
    "relative_time": Words("giờ tương đối", "relative time"),
    "too_old": Words("quá cũ", "too old"),
    "in_future": Words("ở tương lai", "in the future"),
    "unknown_station": Words("trạm chưa đăng ký", "station not registered"),
    "foreign_station": Words("trạm của bộ thu khác", "another gateway's station"),
    "unknown_datastream": Words("cảm biến chưa khai báo", "datastream not born"),
    "conflict": Words("trùng giờ, khác giá trị", "same time, other value"),
}
#: Units as people write them, by UCUM.
UNIT = Column(title=Words("Đơn vị", "Unit"), saying={ucum: Words(sign, sign) for ucum, sign in palette.SIGNS.items()})


def of(quantity: str, **more: str) -> Column:
    """Column of a quantity: its title and unit from the table of quantities."""
    return Column(title=palette.title_of(quantity), unit=palette.unit_of(quantity), decimals=1, **more)  # type: ignore[arg-type]
