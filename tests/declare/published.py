"""Small tables in the forms in which offices publish them. Every number is made up: they describe no country."""

import json
from pathlib import Path

SDMX_CSV = """\
DATAFLOW,LAST UPDATE,freq,unit,sex,age,isco08,geo,TIME_PERIOD,OBS_VALUE,OBS_FLAG,CONF_STATUS
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,OC22,XA,2022,70,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,OC22,XA,2023,75,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,M,Y_GE15,OC22,XA,2023,25,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,T,Y_GE15,OC22,XA,2023,100,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,OC21,XA,2023,10,u,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,M,Y_GE15,OC21,XA,2023,40,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,OC61,XA,2023,:,c,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,M,Y_GE15,OC61,XA,2023,30,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,TOTAL,XA,2023,900,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,F,Y_GE15,OC21,XB,2023,1,,
ESTAT:LFSA_MADEUP(1.0),15/01/24 11:00:00,A,THS_PER,M,Y_GE15,OC21,XB,2023,1,,
"""
ILOSTAT_CSV = """\
ref_area,source,indicator,sex,classif1,time,obs_value,obs_status,note_source
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_F,OC2_ISCO08_22,2023,75,,R1:0000
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_M,OC2_ISCO08_22,2023,25,,R1:0000
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_T,OC2_ISCO08_22,2023,100,,R1:0000
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_F,OC2_ISCO08_21,2023,10,U,R1:0000
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_M,OC2_ISCO08_21,2023,40,,R1:0000
XAA,BX:1,EMP_TEMP_SEX_OC2_NB_A,SEX_F,OC2_ISCO88_21,2003,4,,R1:0000
"""


def json_stat() -> dict:
    """The same as the SDMX-CSV of XA in 2023, in JSON-stat 2.0."""
    codes = {
        "freq": ["A"], "unit": ["THS_PER"], "sex": ["T", "F", "M"], "age": ["Y_GE15"], "isco08": ["OC21", "OC22"], "geo": ["XA"],
        "time": ["2023"],
    }  # fmt: skip
    dimension = {
        name: {"label": name, "category": {"index": {code: i for i, code in enumerate(ones)}}}
        for name, ones in codes.items()
    }
    return {
        "version": "2.0", "class": "dataset", "label": "Made up", "source": "ESTAT", "updated": "2024-01-15T11:00:00+0100",
        "id": list(codes), "size": [len(ones) for ones in codes.values()], "dimension": dimension,
        "value": {"0": 50, "1": 100, "2": 10, "3": 75, "4": 40, "5": 25}, "status": {"2": "u"},
        "extension": {"id": "LFSA_MADEUP"},
    }  # fmt: skip


def write_table(folder: Path, text: str | dict = SDMX_CSV, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    return path
