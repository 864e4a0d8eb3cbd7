"""Tables of employed persons by sex and occupation, as statistics offices publish them.

Belongs here: reading what was downloaded, in the three forms that offices give: SDMX-CSV and JSON-stat 2.0 of Eurostat, and
the CSV of ILOSTAT with codes. What becomes of it, a population, is `population_import`. Nothing is downloaded here.
"""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcas_assets.core.errors import BadInput
from mcas_assets.core.office import office_table
from mcas_assets.declare.mistakes import did_you_mean

EUROSTAT_LICENCE = "CC BY 4.0, the European Union"
ILO_LICENCE = "CC BY 4.0, the International Labour Organization"

_COUNTS = ("THS_PER", "THS", "NR", "PER")
"""Units of Eurostat that count persons; of percentages no share of a sex can be made."""
_HELD = {"geo", "ref_area", "sex", "isco08", "classif1", "time", "TIME_PERIOD"}
_ASIDE = {
    "STRUCTURE", "STRUCTURE_ID", "STRUCTURE_NAME", "DATAFLOW", "LAST UPDATE", "freq", "OBS_VALUE", "Observation value", "OBS_FLAG",
    "CONF_STATUS", "obs_value", "obs_status", "note_source", "note_indicator", "note_classif",
}  # fmt: skip
_AGAIN = "Download it again, as JSON-stat or SDMX-CSV from Eurostat, or as CSV with codes from ILOSTAT"


@dataclass(frozen=True)
class Employed:
    """One number of a table.

    Attributes:
        place: The code of the country or region.
        year: Which it describes.
        sex: `F` or `M`.
        occupation: The digits of its group of ISCO-08, one to four.
        persons: How many, in the table's unit; 0 or more.
        flag: What the office says of the number, as it writes it; empty where it says nothing.
    """

    place: str
    year: int
    sex: str
    occupation: str
    persons: float
    flag: str


@dataclass(frozen=True)
class PublishedTable:
    """What was read of a table.

    Attributes:
        office: Who published it.
        dataset: Its code there.
        updated: When they last changed it, as they write it; empty where they do not say.
        licence: Under which it may be used.
        rows: Its numbers of women and men by group of ISCO-08. Totals and other classifications are left out.
    """

    office: str
    dataset: str
    updated: str
    licence: str
    rows: tuple[Employed, ...]


def read_table(path: Path, only: Mapping[str, str] | None = None) -> PublishedTable:
    """Read a published table.

    Args:
        path: A file as it was downloaded.
        only: Column or dimension, to the code of it that is meant, where the table holds several (age, source).

    Raises:
        BadInput: It cannot be read, is none of the three forms, counts no persons, or holds several tables.
    """
    try:
        with office_table(path) as (stream, separator):
            text = stream.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(path, f"cannot be read ({error})", _AGAIN) from error
    is_json = text.lstrip().startswith("{")
    cells, about = _json_stat(path, text) if is_json else _csv(path, text, separator)
    return _table(path, cells, about, dict(only or {}))


def _csv(path: Path, text: str, separator: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The rows of a table as mappings from column to code, with what is said of it as a whole."""
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    columns = set(reader.fieldnames or ())
    if {"sex", "isco08", "geo", "TIME_PERIOD", "OBS_VALUE"} <= columns:
        rows = [
            {str(key): cell or "" if key in _ASIDE else _code(cell or "") for key, cell in row.items()}
            for row in reader
        ]
        first = rows[0] if rows else {}
        flow = re.sub(r"^\w+:|\(.*$", "", first.get("DATAFLOW") or first.get("STRUCTURE_ID") or "")
        about = {"office": "Eurostat", "dataset": flow.lower(), "updated": first.get("LAST UPDATE", ""), "place": "geo",
                 "year": "TIME_PERIOD", "occupation": "isco08", "value": "OBS_VALUE", "flag": "OBS_FLAG"}  # fmt: skip
        return rows, about | {"licence": EUROSTAT_LICENCE}
    if {"ref_area", "sex", "classif1", "time", "obs_value"} <= columns:
        rows = [{str(key): cell or "" for key, cell in row.items()} for row in reader]
        about = {"office": "ILOSTAT", "dataset": (rows[0] if rows else {}).get("indicator", ""), "updated": "", "place": "ref_area",
                 "year": "time", "occupation": "classif1", "value": "obs_value", "flag": "obs_status"}  # fmt: skip
        return rows, about | {"licence": ILO_LICENCE}
    problem = (
        "has neither the columns sex, isco08, geo, TIME_PERIOD, OBS_VALUE nor ref_area, sex, classif1, time, obs_value"
    )
    raise BadInput(path, problem, _AGAIN)


def _code(cell: str) -> str:
    """The code of a cell that holds code and label, as SDMX-CSV with labels does (`F:Females`)."""
    return cell.partition(":")[0] if re.match(r"[A-Z0-9_]+:[^0-9]", cell) else cell


def _json_stat(path: Path, text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The cells of a dataset of JSON-stat 2.0 (https://json-stat.org/full): `value` runs over the dimensions, the last fastest."""
    try:
        data = json.loads(text)
        names, sizes, values = data["id"], data["size"], data["value"]
        codes = [_categories(data["dimension"][name]["category"]) for name in names]
        flags = data.get("status") or {}
        whole = [len(one) for one in codes] == sizes and {"sex", "isco08", "geo", "time"} <= set(names)
        found = {
            int(place): value for place, value in (values.items() if isinstance(values, dict) else enumerate(values))
        }
        cells = []
        for place, value in found.items() if whole else ():
            cell, rest = {}, place
            for name, of_name in zip(reversed(names), reversed(codes), strict=True):
                rest, at = divmod(rest, len(of_name))
                cell[name] = of_name[at]
            flag = flags.get(str(place), "") if isinstance(flags, dict) else flags[place]
            cells.append(cell | {"value": "" if value is None else str(value), "flag": flag or ""})
        dataset = str((data.get("extension") or {}).get("id") or data.get("label") or "")
        updated = str(data.get("updated") or "")
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BadInput(path, f"is no dataset of JSON-stat 2.0 ({type(error).__name__}: {error})", _AGAIN) from error
    if not whole:
        raise BadInput(path, "is no dataset of JSON-stat 2.0 over sex, isco08, geo and time", _AGAIN)
    about = {"office": "Eurostat", "dataset": dataset.lower(), "updated": updated, "place": "geo", "year": "time",
             "occupation": "isco08", "value": "value", "flag": "flag", "licence": EUROSTAT_LICENCE}  # fmt: skip
    return cells, about


def _categories(category: Mapping[str, Any]) -> list[str]:
    """The codes of a dimension in order: its index is a list, a mapping to places, or left out where there is one."""
    index = category.get("index", list(category["label"]) if "label" in category else None)
    return list(index) if isinstance(index, list) else sorted(index, key=index.__getitem__)


def _table(path: Path, cells: list[dict[str, str]], about: Mapping[str, str], only: dict[str, str]) -> PublishedTable:
    aside = _ASIDE | _HELD | {"value", "flag"}
    for name, code in only.items():
        known = sorted({cell[name] for cell in cells if name in cell})
        if code not in known:
            problem = f"holds no {code!r} of {name}" if known else f"has no {name}"
            raise BadInput(path, problem, did_you_mean(code, known) if known else "Leave it out of --only", name)
        cells = [cell for cell in cells if cell[name] == code]
    for name in sorted({key for cell in cells for key in cell} - aside):
        held = sorted({cell[name] for cell in cells})
        if len(held) > 1:
            remedy = f"Say which is meant: --only {name}={held[0]}"
            raise BadInput(path, f"holds several tables: {', '.join(held[:8])}", remedy, name)
        if name == "unit" and held[0] not in _COUNTS:
            raise BadInput(path, f"is {held[0]}, which counts no persons", "Download it in persons (THS_PER)", name)
        if name == "indicator" and not re.search(r"_NB(_[AQM])?$", held[0]):
            remedy = "Download employment as a number, for example EMP_TEMP_SEX_OC2_NB_A"
            raise BadInput(path, f"is {held[0]}, which counts no persons", remedy, name)
    rows = tuple(_rows(path, cells, about))
    if not rows:
        problem = "has no number of women or men in a group of ISCO-08"
        raise BadInput(path, problem, "Download it by sex and occupation, with codes (OC22, OC2_ISCO08_22)")
    return PublishedTable(about["office"], about["dataset"], about["updated"], about["licence"], rows)


def _rows(path: Path, cells: list[dict[str, str]], about: Mapping[str, str]) -> Iterator[Employed]:
    for cell in cells:
        sex = cell["sex"].removeprefix("SEX_")
        group = re.fullmatch(r"OC([0-9]{1,4})|[A-Z0-9]+_ISCO08_([0-9]{1,4})", cell[about["occupation"]])
        value, year = cell[about["value"]].strip(), cell[about["year"]].strip()
        if sex not in ("F", "M") or group is None or value in ("", ":"):
            continue
        if not re.fullmatch(r"[0-9]{4}", year):
            raise BadInput(path, f"is {year!r}, no year", "Download yearly numbers", about["year"])
        try:
            persons = float(value)
        except ValueError:
            persons = math.nan
        if not 0 <= persons < math.inf:
            raise BadInput(path, f"is {value!r}, no number of persons", _AGAIN, about["value"])
        place = cell[about["place"]]
        yield Employed(place, int(year), sex, group[1] or group[2], persons, cell.get(about["flag"], ""))
