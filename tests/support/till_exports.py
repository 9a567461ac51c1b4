"""Exports of unknown tills, made up in the shapes that tills write: all of one small day.

On 2026-03-27 store S001 sells beer after looking at an ID, wine without a check, and bread. An
export that cannot say what the till did about the ID has no checks.
"""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.formats import sqlite_bytes, xlsx_bytes

CHECKED = {"id_viewed": 1, "none": 1}
UNRECORDED = {"not_recorded": 2}


@dataclass(frozen=True)
class Export:
    """An export, what is found in it, and what remains to be corrected by hand.

    Attributes:
        path: below the sales' address.
        content: the file.
        keys: of the entry that is suggested, among others.
        columns: of it, among others.
        corrections: lines of the draft, and by what a person replaces them.
        checks: the alcohol sales by their ID checks, once it is corrected.
        time_zone: of the store.
    """

    path: str
    content: bytes
    keys: Mapping[str, object]
    columns: Mapping[str, object] = field(default_factory=dict)
    corrections: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, int] = field(default_factory=lambda: CHECKED)
    time_zone: str = "Europe/Berlin"


def german() -> Export:
    """Semicolons, decimal commas, cp1252, a preamble, date and time apart."""
    text = (
        "Bonjournal Filiale S001\nerstellt am 28.03.2026\n\n"
        "Bonnummer;Filiale;Kasse;Bediener;Datum;Uhrzeit;Artikelnummer;Bezeichnung;Warengruppe;"
        "Menge;Betrag;Altersprüfung;Geburtsdatum\n"
        "4711;S001;01;Müller, J.;27.03.2026;18:15;100101;Weißbier 0,5l;Bier;1,000;1,29;"
        "Ausweis geprüft;02.01.1990\n"
        "4711;S001;01;Müller, J.;27.03.2026;18:15;200201;Äpfel lose;Obst;0,754;2,26;;\n"
        "4712;S001;02;Groß, K.;27.03.2026;19:02;100202;Spätburgunder trocken;Wein;2,000;1.013,98;"
        "keine;\n"
        "4713;S001;02;Groß, K.;27.03.2026;19:05;300301;Brötchen;Backwaren;4,000;1,40;;\n"
    )
    return Export(
        "Bonjournal_27032026.csv",
        text.encode("cp1252"),
        {
            "files": "Bonjournal_{day:%d%m%Y}.csv",
            "format": "csv",
            "encoding": "cp1252",
            "delimiter": ";",
            "skip_lines": 3,
            "decimal": ",",
            "thousands": ".",
        },
        {
            "transaction_id": "Bonnummer",
            "store_id": "Filiale",
            "sold_at": {"join": ["Datum", "Uhrzeit"], "time": "%d.%m.%Y %H:%M"},
            "amount": "Betrag",
            "birth_date": {"column": "Geburtsdatum", "date": "%d.%m.%Y"},
        },
    )


def french() -> Export:
    """French words, UTF-8 with a mark, spaces between thousands, one column of date and time."""
    text = (
        "N° ticket;Magasin;Caisse;Caissière;Date et heure;Code article;Libellé;Rayon;Qté;"
        "Montant TTC;Contrôle d'âge;N° carte fidélité\n"
        "881;S001;3;Léa;27/03/2026 18:15;3080216030044;Bière blonde 33cl;Bières;1;1,95 €;"
        "Pièce d'identité vérifiée;9250012345678\n"
        "881;S001;3;Léa;27/03/2026 18:15;2000000000017;Pommes;Fruits;0,75;2,26 €;;\n"
        "882;S001;3;Léa;27/03/2026 18:40;3500610098659;Bordeaux rouge;Vins;1;1 012,90 €;aucun;\n"
        "883;S001;4;Zoé;27/03/2026 19:00;2000000000024;Baguette;Boulangerie;1;1,10 €;;\n"
    )
    return Export(
        "S001/ventes-2026-03-27.csv",
        text.encode("utf-8-sig"),
        {"delimiter": ";", "decimal": ",", "thousands": " "},
        {
            "transaction_id": "N° ticket",
            "sold_at": {"column": "Date et heure", "time": "%d/%m/%Y %H:%M"},
            "description": "Libellé",
            "quantity": "Qté",
        },
    )


def american() -> Export:
    """Month first, AM and PM, dollars, a flag of verified ages."""
    text = (
        "Trans #,Store #,Register,Clerk,Trans Date/Time,UPC,Item Description,Dept,Qty,Ext Price,"
        "Age Verified,Void\n"
        "10,S001,3,Ann,3/27/2026 6:15:00 PM,012345678905,Lager 6-pack,BEER,1,$8.00,Y,N\n"
        "10,S001,3,Ann,3/27/2026 6:15:00 PM,012345678912,Lager 6-pack,BEER,1,$8.00,Y,Y\n"
        '11,S001,3,Ann,3/27/2026 6:40:00 PM,036000291452,Merlot 750ml,WINE,1,"$1,012.90",N,N\n'
        "12,S001,3,Ann,3/27/2026 7:00:00 PM,036000291469,Bread,BAKERY,1,$2.10,N,N\n"
        "12,S001,3,Ann,3/27/2026 7:00:00 PM,036000291469,Bread,BAKERY,-1,-$2.10,N,N\n"
    )
    return Export(
        "sales-03-27-2026.csv",
        text.encode(),
        {"files": "sales-{day:%m-%d-%Y}.csv", "thousands": ","},
        {
            "transaction_id": "Trans #",
            "sold_at": {"column": "Trans Date/Time", "time": "%m/%d/%Y %I:%M:%S %p"},
            "amount": "Ext Price",
            "sku": "UPC",
        },
    )


def polish() -> Export:
    """Polish words in cp1250, spaces between thousands, a refusal."""
    text = (
        "Nr paragonu;Sklep;Kasa;Kasjer;Data sprzedaży;Godzina;Kod towaru;Nazwa towaru;Kategoria;"
        "Ilość;Wartość brutto;Weryfikacja wieku\n"
        "1001;S001;03;Müller Ż.;27.03.2026;18:15:10;5901359000001;Piwo Żywiec 0,5l;Piwo;2,000;9,98;"
        "Dowód sprawdzony\n"
        "1001;S001;03;Müller Ż.;27.03.2026;18:15:20;5900000000002;Chleb;Pieczywo;1,000;4,50;\n"
        "1002;S001;03;Müller Ż.;27.03.2026;18:25:10;5901359000018;Wódka 0,7l;Alkohol mocny;1,000;"
        "1 039,99;Odmowa sprzedaży\n"
        "1003;S001;03;Müller Ż.;27.03.2026;18:35:10;5901359000025;Wino czerwone;Wino;1,000;29,99;"
        "Brak\n"
    )
    return Export(
        "paragony_27.03.2026.csv",
        text.encode("cp1250"),
        {
            "files": "paragony_{day:%d.%m.%Y}.csv",
            "encoding": "cp1250",
            "delimiter": ";",
            "decimal": ",",
            "thousands": " ",
        },
        {
            "transaction_id": "Nr paragonu",
            "store_id": "Sklep",
            "till_id": "Kasa",
            "cashier_id": "Kasjer",
            "sold_at": {"join": ["Data sprzedaży", "Godzina"], "time": "%d.%m.%Y %H:%M:%S"},
            "sku": "Kod towaru",
            "description": "Nazwa towaru",
            "quantity": "Ilość",
            "amount": "Wartość brutto",
            "id_check": {
                "column": "Weryfikacja wieku",
                "values": {
                    "Dowód sprawdzony": "id_viewed",
                    "Odmowa sprzedaży": "refused",
                    "Brak": "none",
                    "": "none",
                },
            },
        },
        checks={"id_viewed": 1, "none": 1, "refused": 1},
        time_zone="Europe/Warsaw",
    )


def italian() -> Export:
    """Italian words, times with points, the euro before the price, drinks in names and category."""
    text = (
        "Scontrino;Negozio;Cassa;Operatore;Data e ora;Articolo;Descrizione;Reparto;Quantità;"
        "Importo;Controllo età\n"
        "501;S001;2;Léa;27/03/2026 18.15.00;8001;Birra Moretti 66cl;Birre;1;€ 1,89;"
        "documento verificato\n"
        "501;S001;2;Léa;27/03/2026 18.15.05;8101;Pane;Panetteria;0,435;€ 1,30;\n"
        "502;S001;2;Léa;27/03/2026 18.20.00;8002;Grappa;Superalcolici;1;€ 12,00;non richiesto\n"
        "503;S001;2;Léa;27/03/2026 18.25.00;8001;Birra Moretti 66cl;Birre;1;€ 1,89;rifiutato\n"
    )
    return Export(
        "vendite_2026-03-27.csv",
        text.encode(),
        {"files": "vendite_{day}.csv", "delimiter": ";", "decimal": ","},
        {
            "transaction_id": "Scontrino",
            "store_id": "Negozio",
            "till_id": "Cassa",
            "sold_at": {"column": "Data e ora", "time": "%d/%m/%Y %H.%M.%S"},
            "sku": "Articolo",
            "description": "Descrizione",
            "category": {
                "column": "Reparto",
                "values": {
                    "Superalcolici": "spirits",
                    "Birre": "beer",
                    "Panetteria": "Panetteria",
                },
            },
            "id_check": {
                "column": "Controllo età",
                "values": {
                    "documento verificato": "id_viewed",
                    "non richiesto": "none",
                    "rifiutato": "refused",
                    "": "none",
                },
            },
        },
        checks={"id_viewed": 1, "none": 1, "refused": 1},
        time_zone="Europe/Rome",
    )


def danish() -> Export:
    """Danish words, a text file in cp1252, a refusal, beer that only a person knows for one."""
    text = (
        "Bonnr;Butik;Kasse;Ekspedient;Dato;Tid;Varenr;Varetekst;Varegruppe;Antal;Beløb;"
        "Alderskontrol\n"
        "71;S001;1;Zoé;27-03-2026;18.15;4001;Tuborg 33cl;Øl;6;54,00;Legitimation vist\n"
        "72;S001;1;Zoé;27-03-2026;18.17;4002;Rødvin;Vin;1;1.049,95;Over 25\n"
        "73;S001;1;Zoé;27-03-2026;18.19;4001;Tuborg 33cl;Øl;1;9,00;Afvist\n"
    )
    return Export(
        "boner_20260327.txt",
        text.encode("cp1252"),
        {"encoding": "cp1252", "delimiter": ";", "decimal": ",", "thousands": "."},
        {
            "transaction_id": "Bonnr",
            "store_id": "Butik",
            "sold_at": {"join": ["Dato", "Tid"], "time": "%d-%m-%Y %H.%M"},
            "sku": "Varenr",
            "description": "Varetekst",
            "amount": "Beløb",
        },
        corrections={'"Øl" = "Øl"': '"Øl" = "beer"'},
        checks={"id_viewed": 1, "looks_over": 1, "refused": 1},
        time_zone="Europe/Copenhagen",
    )


def us_report() -> Export:
    """A two-digit year in its name, numbers as "Item #", a preamble filled up with commas."""
    text = (
        "Daily Item Report,,,,,,,,,,,\nStore: Main St,,,Printed 3/28/26 6:00 AM,,,,,,,,\n"
        ",,,,,,,,,,,\n"
        "Receipt,Store,Register,Clerk,Date,Time,Item #,Item,Dept,Qty,Ext Price,Age Verify\n"
        '0007,S001,01,JD,3/27/26,12:05 AM,0012,Bud Light 6pk,BEER,1,"$1,008.99",DL Viewed\n'
        "0008,S001,01,JD,3/27/26,12:05 PM,0012,Bud Light 6pk,BEER,1,$8.99,\n"
        "0009,S001,01,JD,3/27/26,11:59 PM,0044,Bread,BAKERY,2,$17.98,\n"
    )
    return Export(
        "items_03-27-26.csv",
        text.encode(),
        {"files": "items_{day:%m-%d-%y}.csv", "skip_lines": 3},
        {
            "sold_at": {"join": ["Date", "Time"], "time": "%m/%d/%y %I:%M %p"},
            "sku": "Item #",
            "description": "Item",
        },
        time_zone="America/Chicago",
    )


def square() -> Export:
    """Square's items export: names for stores, no cashier, a zone of its own, articles' gaps."""
    header = (
        "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,"
        "Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,"
        "Location,Dining Option,Customer ID,Customer Name,Unit,Count\n"
    )
    rows = [
        ("18:15:00", "Beer", "Pale Ale", "1.0", "PA-1", "$8.00", "Xa1", "Payment"),
        ("18:15:00", "Snacks", "Nuts", "1.0", "", "$3.00", "Xa1", "Payment"),
        ("18:40:00", "Wine", "Merlot", "2.0", "ME-1", "$24.00", "Xb2", "Payment"),
        ("19:00:00", "Bakery", "Bread", "1.0", "BR-1", "$4.00", "Xc3", "Payment"),
        ("19:05:00", "Bakery", "Bread", "-1.0", "BR-1", "-$4.00", "Xd4", "Refund"),
    ]
    lines = "".join(
        f"2026-03-27,{time},Eastern Time (US & Canada),{category},{item},{quantity},Regular,{sku},,"
        f"{price},$0.00,{price},$0.00,{number},P{number},iPad 1,,https://example.org/{number},"
        f"{event},Main Street,,C1,Doe,ea,{quantity}\n"
        for time, category, item, quantity, sku, price, number, event in rows
    )
    return Export(
        "items-2026-03-27-2026-03-28.csv",
        (header + lines).encode(),
        {"files": "items-{day}-*.csv", "time_zone": "America/New_York"},
        {
            "transaction_id": "Transaction ID",
            "till_id": "Device Name",
            "sold_at": {"join": ["Date", "Time"]},
            "sku": {"first_of": ["SKU", "Item"]},
            "description": "Item",
            "quantity": "Qty",
            "amount": "Net Sales",
        },
        {
            '"Main Street" = "main-street"': '"Main Street" = "S001"',
        },
        UNRECORDED,
        "America/New_York",
    )


def shopify() -> Export:
    """Orders of a web shop with a till: what concerns the order stands in its first line only."""
    text = (
        "Name,Email,Financial Status,Paid at,Currency,Subtotal,Taxes,Total,Created at,"
        "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Vendor,Location,Employee,"
        "Device ID,Id,Cancelled at,Payment Reference\n"
        "#1001,a@example.org,paid,2026-03-27 18:15:02 +0000,EUR,5.00,0.5,5.50,"
        "2026-03-27 18:15:00 +0000,1,Lager 0.5,2.00,LA-1,Beer,S001,Ann,7,59001,,p1\n"
        "#1001,,,,,,,,2026-03-27 18:15:00 +0000,1,Crisps,3.00,CR-1,Snacks,S001,Ann,7,,,\n"
        "#1002,b@example.org,paid,2026-03-27 18:40:02 +0000,EUR,9.00,0.9,9.90,"
        "2026-03-27 18:40:00 +0000,1,Rioja,9.00,RI-1,Wine,S001,Ann,7,59002,,p2\n"
        "#1003,c@example.org,voided,2026-03-27 18:50:02 +0000,EUR,9.00,0.9,9.90,"
        "2026-03-27 18:50:00 +0000,1,Bread,9.00,BR-1,Bakery,S001,Ann,7,59003,"
        "2026-03-27 18:55:00 +0000,p3\n"
    )
    return Export(
        "orders_export_2026-03-27.csv",
        text.encode(),
        {"files": "orders_export_{day}.csv"},
        {
            "transaction_id": "Name",
            "sold_at": "Created at",
            "sku": "Lineitem sku",
            "description": "Lineitem name",
            "quantity": "Lineitem quantity",
            "amount": {"column": "Lineitem price", "each": True},
            "store_id": "Location",
        },
        checks=UNRECORDED,
    )


def utf16() -> Export:
    """Tabs, UTF-16 with a mark, Dutch words."""
    text = (
        "Bonnummer\tFiliaal\tKassa\tKassier\tDatum\tTijd\tArtikelcode\tOmschrijving\t"
        "Artikelgroep\tAantal\tBedrag\tLeeftijdscontrole\r\n"
        "1\tS001\t1\t12\t27-03-2026\t18:15:00\t8710\tPils krat\tBier\t1\t14,99\t"
        "legitimatie gezien\r\n"
        "2\tS001\t1\t12\t27-03-2026\t18:45:00\t8711\tRode wijn\tWijn\t1\t6,49\tgeen\r\n"
        "3\tS001\t1\t12\t27-03-2026\t18:50:00\t8712\tBrood\tBakkerij\t2\t3,98\t\r\n"
    )
    return Export(
        "store=S001/20260327.txt",
        text.encode("utf-16"),
        {"files": "store={store}/{day}.txt", "delimiter": "\t", "decimal": ","},
        {"sold_at": {"join": ["Datum", "Tijd"], "time": "%d-%m-%Y %H:%M:%S"}, "till_id": "Kassa"},
    )


def pipe() -> Export:
    """Pipes, no header."""
    text = (
        "S001|03|000417|20260327181500|5000112637922|STELLA LAGER|BEER|1|1.95|ID CHECKED\n"
        "S001|03|000417|20260327181500|5010477348678|CRISPS|SNACKS|2|2.50|\n"
        "S001|03|000418|20260327184100|5010327325125|RIOJA|WINE|1|9.00|NO\n"
        "S001|03|000419|20260327190000|5010044000107|BREAD|BAKERY|1|1.10|\n"
    )
    return Export(
        "tlog_20260327.dat",
        text.encode(),
        {"delimiter": "|", "header": list("ABCDEFGHIJ")},
        {
            "transaction_id": "C",
            "sold_at": {"column": "D", "time": "%Y%m%d%H%M%S"},
            "sku": "E",
            "quantity": "H",
            "amount": "I",
        },
        {},
    )


def epoch_jsonl() -> Export:
    """JSON Lines with milliseconds since 1970 and cents."""
    rows = [
        (70, 1774635300000, "5000112637922", "Lager", "beer", 1, 195, "ID_VIEWED"),
        (71, 1774636800000, "5010327325125", "Rioja", "wine", 1, 900, "NONE"),
        (72, 1774638000000, "5010044000107", "Bread", "bakery", 1, 110, "NONE"),
    ]
    names = (
        "orderId",
        "ts",
        "barcode",
        "productName",
        "productType",
        "qty",
        "amountCents",
        "idCheck",
    )
    lines = [
        json.dumps(
            {**dict(zip(names, row, strict=True)), "storeId": "S001", "posId": "3", "userId": "u7"}
        )
        for row in rows
    ]
    return Export(
        "2026-03-27.jsonl",
        "\n".join(lines).encode(),
        {"format": "jsonl"},
        {
            "transaction_id": "orderId",
            "sold_at": {"column": "ts", "epoch": "milliseconds"},
            "amount": {"column": "amountCents", "divide": 100},
            "sku": "barcode",
            "description": "productName",
            "category": "productType",
        },
    )


def nested_json() -> Export:
    """One receipt a line, with a list of its items."""

    def receipt(number: str, time: str, *items: dict[str, object]) -> str:
        return json.dumps(
            {
                "receipt": {"id": number, "closedAt": f"2026-03-27T{time}+00:00"},
                "store": {"id": "S001"},
                "register": {"id": "R3"},
                "cashier": {"id": "c9"},
                "customer": {"name": "Jo Doe", "phone": "030 1234"},
                "items": list(items),
                "payments": [{"type": "card", "amount": 5}],
            }
        )

    def item(sku: str, name: str, category: str, price: float, check: str) -> dict[str, object]:
        product = {"sku": sku, "name": name, "category": category}
        return {"product": product, "quantity": 1, "total": price, "ageCheck": check}

    lines = [
        receipt(
            "a1",
            "18:15:00",
            item("L1", "Lager", "Beer", 1.95, "id shown"),
            item("N1", "Nuts", "Snacks", 2, ""),
        ),
        receipt("a2", "18:45:00", item("W1", "Rioja", "Wine", 9.0, "not checked")),
        receipt("a3", "18:50:00", item("B1", "Bread", "Bakery", 1.1, "")),
    ]
    return Export(
        "receipts-2026-03-27.jsonl",
        "\n".join(lines).encode(),
        {"format": "jsonl", "records": "items"},
        {
            "transaction_id": "receipt.id",
            "sold_at": "receipt.closedAt",
            "store_id": "store.id",
            "till_id": "register.id",
            "cashier_id": "cashier.id",
            "sku": "items.product.sku",
            "description": "items.product.name",
            "quantity": "items.quantity",
            "amount": "items.total",
        },
    )


def parquet() -> Export:
    """Parquet with whole numbers for ids, and times as such."""
    times = ["2026-03-27 18:15:00", "2026-03-27 18:45:00", "2026-03-27 18:50:00"]
    table = pa.table(
        {
            "ticket_no": pa.array([5001, 5002, 5003]),
            "store_no": pa.array([12, 12, 12]),
            "lane": pa.array([1, 1, 2]),
            "operator": pa.array([33, 33, 34]),
            "sale_ts": pa.array(times).cast(pa.timestamp("us")),
            "ean": pa.array([5000112637922, 5010327325125, 5010044000107]),
            "item_name": ["Lager", "Rioja", "Bread"],
            "dept": ["Beers", "Wines", "Bakery"],
            "units": pa.array([1.0, 1.0, 2.0]),
            "value": pa.array([1.95, 9.0, 2.2]),
            "age_check": ["ID_SEEN", "NONE", None],
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    return Export(
        "day=2026-03-27/part-0.parquet",
        out.getvalue(),
        {"files": "day={day}/part-*.parquet", "format": "parquet"},
        {
            "transaction_id": "ticket_no",
            "store_id": "store_no",
            "till_id": "lane",
            "sold_at": "sale_ts",
            "sku": "ean",
            "amount": "value",
        },
    )


def xlsx() -> Export:
    """A workbook with a title above the table, a date and a time, Spanish words."""
    day = (46108, 1)  # 2026-03-27
    header = [
        *(
            "Nº ticket",
            "Tienda",
            "Caja",
            "Cajero",
            "Fecha",
            "Hora",
            "Código artículo",
            "Descripción",
        ),
        *("Familia", "Cantidad", "Importe", "Verificación de edad"),
    ]
    rows = [
        ["Informe de ventas"],
        [],
        header,
        [
            "1001",
            "S001",
            "2",
            "Eva",
            day,
            "18:15:00",
            "8410",
            "Cerveza 33cl",
            "Cervezas",
            1,
            1.95,
            "DNI comprobado",
        ],
        [
            "1002",
            "S001",
            "2",
            "Eva",
            day,
            "18:45:00",
            "8411",
            "Rioja crianza",
            "Vinos",
            1,
            9.0,
            "ninguna",
        ],
        ["1003", "S001", "2", "Eva", day, "18:50:00", "8412", "Pan", "Panadería", 2, 2.2, ""],
    ]
    return Export(
        "ventas 2026-03-27.xlsx",
        xlsx_bytes({"Ventas": rows}),  # type: ignore[dict-item]  # cells of several kinds
        {"format": "xlsx", "skip_lines": 2},
        {
            "transaction_id": "Nº ticket",
            "sold_at": {"join": ["Fecha", "Hora"]},
            "sku": "Código artículo",
            "amount": "Importe",
            "till_id": "Caja",
        },
    )


def poslog() -> Export:
    """POSLog 6: the mapping that comes with the program."""

    def receipt(number: int, time: str, category: str, name: str, check: str) -> str:
        return (
            '<Transaction CancelFlag="false" TrainingModeFlag="false"><BusinessUnit><UnitID>S001'
            "</UnitID></BusinessUnit><WorkstationID>01</WorkstationID><SequenceNumber>"
            f"{number}</SequenceNumber><BusinessDayDate>2026-03-27</BusinessDayDate><BeginDateTime>"
            f"2026-03-27T{time}</BeginDateTime><EndDateTime>2026-03-27T{time}</EndDateTime>"
            "<OperatorID>E1</OperatorID><RetailTransaction><LineItem><SequenceNumber>1"
            f'</SequenceNumber><Sale ItemType="Stock"><ItemID>10010{number}</ItemID>'
            f'<MerchandiseHierarchy Level="Department">{category}</MerchandiseHierarchy>'
            f"<Description>{name}</Description><ExtendedAmount>1.95</ExtendedAmount><Quantity>1"
            f"</Quantity></Sale>{check}</LineItem></RetailTransaction></Transaction>"
        )

    check = (
        "<AgeRestriction><AgeRestrictionCode>18</AgeRestrictionCode><ApprovalMethod>DOB"
        "</ApprovalMethod><BirthDate>1990-01-02</BirthDate></AgeRestriction>"
    )
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><POSLog '
        'xmlns="http://www.nrf-arts.org/IXRetail/namespace/" MajorVersion="6">'
        + receipt(1, "18:15:00", "BEER", "Lager", check)
        + receipt(2, "18:45:00", "WINE", "Rioja", "")
        + receipt(3, "18:50:00", "BAKERY", "Bread", "")
        + "</POSLog>"
    )
    return Export(
        "POSLog_20260327.xml",
        text.encode(),
        {"files": "POSLog_{day}.xml", "format": "poslog"},
        {"transaction_id": "sequence", "sold_at": "time"},
        checks={"dob_entered": 1, "not_recorded": 1},
    )


def sqlite() -> Export:
    """A till's database: receipts in one table, their lines in another."""
    lines = [
        {
            "sale_id": 1,
            "plu": "L1",
            "item": "Lager",
            "dept": "Beer",
            "qty": 1,
            "price": 1.95,
            "age_check": "ID ok",
        },
        {
            "sale_id": 2,
            "plu": "W1",
            "item": "Rioja",
            "dept": "Wine",
            "qty": 1,
            "price": 9.0,
            "age_check": "",
        },
        {
            "sale_id": 3,
            "plu": "B1",
            "item": "Bread",
            "dept": "Bakery",
            "qty": 1,
            "price": 1.1,
            "age_check": "",
        },
    ]
    also = [
        "CREATE TABLE sales (id INTEGER, store TEXT, till TEXT, clerk TEXT, sold_at TEXT)",
        "INSERT INTO sales VALUES (1, 'S001', '3', 'c1', '2026-03-27 18:15:00')",
        "INSERT INTO sales VALUES (2, 'S001', '3', 'c1', '2026-03-27 18:45:00')",
        "INSERT INTO sales VALUES (3, 'S001', '3', 'c1', '2026-03-27 18:50:00')",
        "CREATE TABLE settings (name TEXT, value TEXT)",
        "INSERT INTO settings VALUES ('version', '3')",
    ]
    return Export(
        "till_2026-03-27.db",
        sqlite_bytes(lines, table="sale_lines", also=also),
        {"format": "sqlite"},
        {
            "transaction_id": "sale_id",
            "store_id": "store",
            "till_id": "till",
            "sold_at": "sold_at",
            "sku": "plu",
            "amount": "price",
        },
    )


EXPORTS: tuple[Callable[[], Export], ...] = (
    *(german, french, american, square, shopify, utf16, pipe, epoch_jsonl, nested_json, parquet),
    *(xlsx, poslog, polish, italian, danish, us_report, sqlite),
)
