"""The round of aio-sensorthings, run by a Python 3.13 of its own: address, key file and a Datastream's id as arguments.

Everything goes through the library's own client, source and target. What it saw is printed as JSON.
"""

import asyncio
import json
import sys

from aio_sensorthings import BasicAuthProvider, STAClient, STAEntityType, STAHttpSource, STAHttpTarget

UNIT = {"name": "degree Celsius", "symbol": "°C", "definition": "https://ucum.org/ucum#Cel"}
THING = {
    "name": "Trạm AIO",
    "description": "made by a client",
    "properties": {"owner": "An"},
    "Locations": [
        {
            "name": "here",
            "description": "here",
            "encodingType": "application/geo+json",
            "location": {"type": "Point", "coordinates": [106.7, 21.9]},
        }
    ],
    "Datastreams": [
        {
            "name": "Air",
            "description": "Air",
            "unitOfMeasurement": UNIT,
            "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
            "ObservedProperty": {"@iot.id": "air_temperature"},
            "Sensor": {
                "name": "SHT31",
                "description": "probe",
                "encodingType": "text/html",
                "metadata": "https://example.org",
            },
        }
    ],
}


async def write(client: STAClient) -> dict:
    """Create with others inside it, find again, change, observe."""
    target = STAHttpTarget(client)
    thing = await target.create_entity(STAEntityType.THING, THING)
    found = await target.find_entities_by_name(STAEntityType.THING, "Trạm AIO", expand="Datastreams,Locations")
    changed = await target.update_entity(STAEntityType.THING, thing, {"name": "Trạm khác"})
    gone = await target.update_entity(STAEntityType.THING, 999_999, {"name": "nobody"})
    datastream = found[0]["Datastreams"][0]["@iot.id"]
    for minute in range(5):
        moment = f"2026-01-01T00:0{minute}:00Z"
        observation = {"phenomenonTime": moment, "result": 10 + minute, "Datastream": {"@iot.id": datastream}}
        await client.post("Observations", observation)
    return {"thing": thing, "found": [item["@iot.id"] for item in found], "changed": changed, "gone": gone,
            "where": found[0]["Locations"][0]["location"]["coordinates"], "datastream": datastream}  # fmt: skip


async def read(client: STAClient, datastream: int) -> dict:
    """Pages by their links, filters, expansions, ways."""
    source = STAHttpSource(client)
    every = [await source.get_entities(kind, top=3) for kind in STAEntityType if kind is not STAEntityType.OBSERVATION]
    values = await source.get_entities(
        STAEntityType.OBSERVATION, nav_path=f"Datastreams({datastream})/Observations", top=2, filter_="result gt 10.5"
    )
    hung = await source.get_entity(STAEntityType.DATASTREAM, datastream, expand="Thing,Sensor,ObservedProperty")
    scoped = await source.get_entities(
        STAEntityType.DATASTREAM,
        nav_path="ObservedProperties('air_temperature')/Datastreams",
        expand="Thing($select=@iot.id),Sensor($select=@iot.id),ObservedProperty($select=@iot.id)",
    )
    return {"counts": [len(kind) for kind in every],
            "distinct": [len({item["@iot.id"] for item in kind}) for kind in every],
            "values": sorted(item["result"] for item in values), "thing": hung["Thing"]["name"],
            "property": hung["ObservedProperty"]["name"], "scoped": len(scoped),
            "with thing": sum("@iot.id" in item["Thing"] for item in scoped)}  # fmt: skip


async def main(address: str, key_file: str) -> None:
    """All of it."""
    async with STAClient(address, auth_provider=BasicAuthProvider("key", key_file)) as client:
        written = await write(client)
        print(json.dumps({"written": written, "read": await read(client, written["datastream"])}))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
