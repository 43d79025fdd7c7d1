use calamine::{Data, Reader as _};
use clap::ValueEnum as _;
use serde_json::json;

use super::*;

fn table() -> Table {
    Table {
        columns: ["model", "cost_usd", "calls", "note", "started_at", "day"].map(str::to_owned).into(),
        rows: vec![
            vec![
                json!("gpt-4o"),
                json!("12.5"),
                json!(1200),
                json!("\u{1b}[31mred\u{9b}\u{202e}\r\nnext"),
                json!("2026-09-21T15:13:20.250000Z"),
                json!("2026-09-21"),
            ],
            vec![
                json!("=1+1"),
                json!("-0.000012"),
                json!(3),
                json!("\t@now, \"quoted\" [a](b) <i>|</i>"),
                Value::Null,
                json!("=today()"),
            ],
            vec![Value::Null, Value::Null, json!(-1), json!({ "a": [1, true] }), Value::Null, Value::Null],
        ],
    }
}

fn written(format: Format) -> String {
    let mut out = Vec::new();
    format.write(&table(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A reader that went away.
struct Gone;

impl io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_reader_that_goes_away_is_known_as_such_in_every_format() {
    let table = Table { columns: vec!["a".to_owned()], rows: vec![vec![json!("x".repeat(100))]; 1000] };
    for format in Format::value_variants() {
        let error = format.write(&table, &mut Gone).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe, "{format:?}");
    }
}

#[test]
fn people_read_aligned_columns() {
    insta::assert_snapshot!(written(Format::Table), @r#"
    model    cost_usd  calls  note                             started_at                   day
    gpt-4o  12.500000   1200  [31mred  next                    2026-09-21T15:13:20.250000Z  2026-09-21
    =1+1    -0.000012      3   @now, "quoted" [a](b) <i>|</i>                               =today()
                          -1  {"a":[1,true]}
    "#);
}

#[test]
fn spreadsheets_get_text_that_stays_text() {
    insta::assert_snapshot!(written(Format::Csv), @r#"
    model,cost_usd,calls,note,started_at,day
    gpt-4o,12.5,1200,[31mred  next,2026-09-21T15:13:20.250000Z,2026-09-21
    '=1+1,-0.000012,3,"' @now, ""quoted"" [a](b) <i>|</i>",,'=today()
    ,,-1,"{""a"":[1,true]}",,
    "#);
}

#[test]
fn programs_get_json_with_its_types() {
    insta::assert_snapshot!(written(Format::Json), @r#"
    [
    {"model":"gpt-4o","cost_usd":"12.5","calls":1200,"note":"\u001b[31mred\u009b\u202e\r\nnext","started_at":"2026-09-21T15:13:20.250000Z","day":"2026-09-21"},
    {"model":"=1+1","cost_usd":"-0.000012","calls":3,"note":"\t@now, \"quoted\" [a](b) <i>|</i>","started_at":null,"day":"=today()"},
    {"model":null,"cost_usd":null,"calls":-1,"note":{"a":[1,true]},"started_at":null,"day":null}
    ]
    "#);
}

#[test]
fn programs_that_read_as_they_go_get_an_object_per_line() {
    insta::assert_snapshot!(written(Format::Ndjson), @r#"
    {"model":"gpt-4o","cost_usd":"12.5","calls":1200,"note":"\u001b[31mred\u009b\u202e\r\nnext","started_at":"2026-09-21T15:13:20.250000Z","day":"2026-09-21"}
    {"model":"=1+1","cost_usd":"-0.000012","calls":3,"note":"\t@now, \"quoted\" [a](b) <i>|</i>","started_at":null,"day":"=today()"}
    {"model":null,"cost_usd":null,"calls":-1,"note":{"a":[1,true]},"started_at":null,"day":null}
    "#);
    for line in written(Format::Ndjson).lines() {
        serde_json::from_str::<Value>(line).unwrap();
    }
}

#[test]
fn documents_get_text_without_links_and_html() {
    insta::assert_snapshot!(written(Format::Markdown), @r#"
    | model | cost_usd | calls | note | started_at | day |
    | --- | --: | --: | --- | --- | --- |
    | gpt-4o | 12.5 | 1200 | \[31mred  next | 2026-09-21T15:13:20.250000Z | 2026-09-21 |
    | =1+1 | -0.000012 | 3 |  \@now, "quoted" \[a\](b) &lt;i>\|&lt;/i> |  | =today() |
    |  |  | -1 | {"a":\[1,true\]} |  |  |
    "#);
}

#[test]
fn workbooks_have_typed_cells_and_no_formula() {
    let mut out = Vec::new();
    Format::Xlsx.write(&table(), &mut out).unwrap();
    let mut workbook = calamine::Xlsx::new(io::Cursor::new(out)).unwrap();
    let formulas = workbook.worksheet_formula("Sheet1").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()), "{formulas:?}");
    let sheet = workbook.worksheet_range("Sheet1").unwrap();
    let rows: Vec<&[Data]> = sheet.rows().collect();
    let text = |text: &str| Data::String(text.to_owned());
    assert_eq!(rows[0], ["model", "cost_usd", "calls", "note", "started_at", "day"].map(text));
    assert_eq!(rows[1][..4], [text("gpt-4o"), Data::Float(12.5), Data::Float(1200.0), text("[31mred  next")]);
    let moment = |cell: &Data| match cell {
        Data::DateTime(moment) => moment.to_ymd_hms_milli(),
        other => panic!("{other:?}"),
    };
    assert_eq!(moment(&rows[1][4]), (2026, 9, 21, 15, 13, 20, 250));
    assert_eq!(moment(&rows[1][5]), (2026, 9, 21, 0, 0, 0, 0));
    assert_eq!(rows[2][..3], [text("=1+1"), Data::Float(-0.000012), Data::Float(3.0)]);
    assert_eq!((&rows[2][4], &rows[2][5]), (&Data::Empty, &text("=today()")));
    assert_eq!(
        rows[3],
        [Data::Empty, Data::Empty, Data::Float(-1.0), text("{\"a\":[1,true]}"), Data::Empty, Data::Empty]
    );
}

#[test]
fn a_workbook_keeps_numbers_exact_and_texts_as_long_as_a_cell_is() {
    let table = Table {
        columns: vec!["tokens".to_owned(), "note".to_owned()],
        rows: vec![vec![json!(i64::MAX), json!("😀".repeat(20_000))], vec![json!(1_u64 << 53), json!("")]],
    };
    let mut out = Vec::new();
    Format::Xlsx.write(&table, &mut out).unwrap();
    let sheet = calamine::Xlsx::new(io::Cursor::new(out)).unwrap().worksheet_range("Sheet1").unwrap();
    assert_eq!(sheet[(1, 0)], Data::String(i64::MAX.to_string()));
    assert_eq!(sheet[(2, 0)], Data::Float(9_007_199_254_740_992.0));
    let Data::String(note) = &sheet[(1, 1)] else { panic!() };
    assert!(note.encode_utf16().count() <= 32_767 && note.ends_with("😀…"), "{}", note.len());
}

#[test]
fn a_table_without_rows_is_well_formed() {
    let table = Table { columns: vec!["a".to_owned()], rows: vec![] };
    for (format, expected) in [
        (Format::Table, "a\n"),
        (Format::Csv, "a\n"),
        (Format::Json, "[]\n"),
        (Format::Ndjson, ""),
        (Format::Markdown, "| a |\n| --- |\n"),
    ] {
        let mut out = Vec::new();
        format.write(&table, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
    Format::Xlsx.write(&table, &mut Vec::new()).unwrap();
}

#[test]
fn colours_and_bars_are_for_the_eye_only() {
    let table = Table {
        columns: ["model", "status", "billable", "cost_usd"].map(str::to_owned).into(),
        rows: vec![
            vec![json!("a"), json!("success"), json!(true), json!("2")],
            vec![json!("b"), json!("error"), json!(true), json!("1")],
            vec![json!("c"), json!("success"), json!(false), Value::Null],
        ],
    };
    let styled = |format: Format| {
        let mut out = Vec::new();
        format.write_with(Style::new(true, true), &table, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    insta::assert_snapshot!(styled(Format::Table).replace('\u{1b}', "ESC"), @"
    ESC[1mmodel  status   billable  cost_usdESC[0m
    a      success  true          2.00  ████████████████████
    ESC[31mb      error    true          1.00  ██████████ESC[0m
    ESC[2mc      success  falseESC[0m
    ");
    for format in [Format::Csv, Format::Json, Format::Ndjson, Format::Markdown] {
        assert!(!styled(format).contains(['\u{1b}', '█']), "{format:?}");
    }
}

#[test]
fn nothing_steers_hides_or_calculates_in_any_format_of_text() {
    let hostile = [
        "\u{1b}]0;owned\u{7}",
        "\u{9b}31m",
        "\u{202e}txt",
        "\u{2066}x",
        "\u{feff}",
        "\u{e0041}\u{e0042}",
        "\u{2028}",
        "\u{61c}",
        "=1",
        "+1+1",
        "-1+1",
        "@x",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "＝1",
        "-",
        "+",
    ];
    let rows: Vec<_> = hostile.iter().map(|text| vec![json!(text), json!({ *text: *text })]).collect();
    let table = Table { columns: vec!["note".to_owned(), "=tags\u{7}".to_owned()], rows };
    for format in [Format::Table, Format::Csv, Format::Json, Format::Ndjson, Format::Markdown] {
        let mut out = Vec::new();
        format.write(&table, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.chars().any(|mark| mark != '\n' && steers(mark)), "{format:?}: {text:?}");
        if format == Format::Csv {
            let mut cells = ::csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            for cell in cells.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>())
            {
                assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '\t', '\r']), "{cell:?}");
            }
        }
    }
}

#[test]
fn a_number_in_a_text_stays_a_number_in_a_spreadsheet() {
    let table = Table { columns: vec!["user_id".to_owned()], rows: vec![vec![json!("-5")], vec![json!("+1.50")]] };
    let mut out = Vec::new();
    Format::Csv.write(&table, &mut out).unwrap();
    assert_eq!(out, b"user_id\n-5\n+1.50\n");
}
