"""Cold and heat of livestock, oxygen and ammonia of ponds."""

from datetime import timedelta

from analytics.index import Step, of_index, series, titles
from analytics.indices.livestock import temperature_humidity_index
from analytics.measure import current, day_mean, hour_of, of_hour
from analytics.renewal import BY_DAY, Renew
from analytics.rule import Rule, Status, level

_COLD_VI = {
    "cattle": "Không chăn thả, cày kéo; che gió, nền khô, áo ấm, sưởi; mỗi ngày 20-30 kg thô xanh, 0,5-1 kg tinh, "
    "20-30 g muối."
}
_COLD_EN = {
    "cattle": "No grazing or ploughing; block wind, dry floor, coats, warmth; a day 20-30 kg roughage, 0.5-1 kg "
    "concentrate, 20-30 g salt."
}
_HEAT_VI = {"cattle": "Cho vào bóng mát, tắm 1-2 lần, quạt; chăn thả 6-9 giờ và 16-18 giờ; đủ nước mát, ăn lúc mát."}
_HEAT_EN = {"cattle": "Shade, bathe once or twice, fan; graze 6-9 h and 16-18 h; cool water at will, feed when cool."}
_POND_VI = {"fish": "Chạy quạt nước, sục khí; ngừng cho ăn; bơm thêm nước sạch; vớt cá yếu."}
_POND_EN = {"fish": "Run aerators; stop feeding; add fresh water; take weak fish out."}

CATTLE_COLD = Rule(
    name="cattle_cold",
    hazard="livestock_cold",
    title=titles("Rét cho trâu bò", "Cold for cattle and buffalo"),
    unit="Cel",
    pack="crop 1",
    for_animals=frozenset({"cattle", "buffalo"}),
    condition=day_mean("air_temperature"),
    quantities=("air_temperature",),
    below=True,
    levels=(
        level(
            15.0,
            15.0,
            ("Trâu bò cần giữ ấm", "trung bình ngày {value} độ C", "Nhốt chuồng, che gió, giữ nền khô."),
            ("Keep cattle warm", "daily mean {value} C", "House them, block wind, dry floor."),
            _COLD_VI,
            _COLD_EN,
            inclusive=False,
        ),
        level(
            12.0,
            12.0,
            ("Không thả trâu bò", "trung bình ngày {value} độ C", "Đưa về chuồng, mặc áo, sưởi, cho ăn thêm."),
            ("Do not graze cattle", "daily mean {value} C", "Bring home, cover, warm, feed more."),
            _COLD_VI,
            _COLD_EN,
            inclusive=False,
        ),
    ),
    renew=Renew(days=BY_DAY.days, record=2.0),
    source="No grazing or ploughing below 12 °C: Ministry of Agriculture (VTV 12-2018), CAND, Tuyên Quang; housed and "
    "warm below 15 °C: Báo Cựu chiến binh; feed per head: Tuyên Quang",
)

LIVESTOCK_HEAT = Rule(
    name="livestock_heat",
    hazard="livestock_heat",
    title=titles("Nóng cho gia súc", "Heat for livestock"),
    unit="1",
    decimals=0,
    pack="crop 1",
    for_animals=frozenset({"cattle", "buffalo"}),
    step=Step.HOUR,
    condition=hour_of(temperature_humidity_index, "air_temperature", "relative_humidity"),
    quantities=("relative_humidity",),
    needs=(series("air_temperature"),),
    tells_from=2,
    levels=(
        level(
            75.0,
            73.0,
            ("Gia súc bị nóng", "chỉ số nóng ẩm {value}", "Bóng mát, đủ nước; cho ăn lúc mát."),
            ("Heat stress of livestock", "heat and humidity index {value}", "Shade and water; feed when cool."),
            _HEAT_VI,
            _HEAT_EN,
        ),
        level(
            79.0,
            77.0,
            ("Nóng nguy hiểm cho gia súc", "chỉ số nóng ẩm {value}", "Tắm, quạt; không vận chuyển."),
            ("Dangerous heat for livestock", "heat and humidity index {value}", "Bathe, fan; no transport."),
            _HEAT_VI,
            _HEAT_EN,
        ),
        level(
            84.0,
            82.0,
            ("Nóng rất nguy hiểm cho gia súc", "chỉ số nóng ẩm {value}", "Tắm, phun nước liên tục; gọi thú y."),
            ("Very dangerous heat for livestock", "heat and humidity index {value}", "Spray water; call the vet."),
            _HEAT_VI,
            _HEAT_EN,
        ),
    ),
    source="Livestock weather safety index, alert 75, danger 79, emergency 84 (Clemson; AMS 2002) of THI (NRC 1971)",
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=26),
    renew=Renew(hours=48),  # at the hour at which it began: by night it is less
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
    validity=timedelta(hours=8),
    note="A level is left after a whole day without it: the nights and mornings of a hot spell do not end it.",
)

PIG_HEAT = Rule(
    name="pig_heat",
    hazard="livestock_heat",
    title=titles("Nóng cho lợn", "Heat for pigs"),
    unit="1",
    decimals=0,
    pack="crop 1",
    for_animals=frozenset({"pigs"}),
    status=Status.UNVERIFIED,
    step=Step.HOUR,
    condition=hour_of(temperature_humidity_index, "air_temperature", "relative_humidity"),
    quantities=("relative_humidity",),
    needs=(series("air_temperature"),),
    tells_from=2,
    levels=(
        level(
            74.0,
            72.0,
            ("Lợn bị nóng", "chỉ số nóng ẩm {value}", "Làm mát chuồng, đủ nước."),
            ("Heat stress of pigs", "heat and humidity index {value}", "Cool the pen, water at will."),
        ),
        level(
            79.0,
            77.0,
            ("Nóng nguy hiểm cho lợn", "chỉ số nóng ẩm {value}", "Quạt, phun sương."),
            ("Dangerous heat for pigs", "heat and humidity index {value}", "Fans and mist."),
        ),
        level(
            84.0,
            82.0,
            ("Nóng rất nguy hiểm cho lợn", "chỉ số nóng ẩm {value}", "Phun nước; gọi thú y."),
            ("Very dangerous heat for pigs", "heat and humidity index {value}", "Spray; call the vet."),
        ),
    ),
    source="74, 79, 84 in circulation; their source was not read",
    minimum=timedelta(hours=2),
    quiet=timedelta(hours=26),
    renew=Renew(hours=48),
    patience=timedelta(hours=24),
    freshness=timedelta(hours=4),
)

POND_OXYGEN = Rule(
    name="pond_oxygen",
    hazard="pond",
    title=titles("Ao thiếu ôxy", "Pond short of oxygen"),
    unit="mg/L",
    pack="crop 1",
    for_animals=frozenset({"fish"}),
    status=Status.OWN,
    step=Step.GRID,
    condition=current("dissolved_oxygen"),
    quantities=("dissolved_oxygen",),
    below=True,
    levels=(
        level(
            4.0,
            4.5,
            ("Ao sắp thiếu ôxy", "ôxy hòa tan {value} mg/L", "Chạy quạt nước ngay, nhất là lúc gần sáng."),
            ("Pond oxygen low", "dissolved oxygen {value} mg/L", "Run aerators now, most of all before dawn."),
            _POND_VI,
            _POND_EN,
            inclusive=False,
        ),
        level(
            2.5,
            3.0,
            ("Ao thiếu ôxy", "ôxy hòa tan {value} mg/L", "Chạy hết quạt nước, ngừng cho ăn."),
            ("Pond oxygen very low", "dissolved oxygen {value} mg/L", "All aerators on, stop feeding."),
            _POND_VI,
            _POND_EN,
            inclusive=False,
        ),
    ),
    source="Own choice of operation, to be set per pond and species",
    quiet=timedelta(hours=1),
    patience=timedelta(hours=6),
    freshness=timedelta(hours=2),
    validity=timedelta(hours=6),
    proxy=False,
)

AMMONIA = Rule(
    name="unionised_ammonia",
    hazard="pond",
    title=titles("Ao nhiều khí độc NH3", "Un-ionised ammonia"),
    unit="mg/L",
    decimals=2,
    pack="crop 1",
    for_animals=frozenset({"fish"}),
    status=Status.OWN,
    step=Step.HOUR,
    condition=of_hour("unionised_ammonia"),
    quantities=("total_ammonia_nitrogen",),
    needs=(of_index("unionised_ammonia"),),
    levels=(
        level(
            0.05,
            0.04,
            ("Ao có khí độc NH3", "NH3 {value} mg/L", "Giảm ăn, thay nước, sục khí."),
            ("Ammonia in the pond", "NH3 {value} mg/L", "Feed less, change water, aerate."),
            _POND_VI,
            _POND_EN,
        ),
        level(
            0.2,
            0.15,
            ("Ao nguy hiểm vì khí độc NH3", "NH3 {value} mg/L", "Ngừng ăn, thay nước ngay."),
            ("Dangerous ammonia", "NH3 {value} mg/L", "Stop feeding, change water now."),
            _POND_VI,
            _POND_EN,
        ),
    ),
    source="Own choice of operation; fraction after Emerson et al. (1975)",
    minimum=timedelta(hours=1),
    quiet=timedelta(hours=2),
    patience=timedelta(hours=12),
    freshness=timedelta(hours=4),
    proxy=False,
)
