DROP VIEW report_silent_stream;
DROP VIEW report_configured;
DROP VIEW report_call_tag;
DROP VIEW report_tag;
DROP VIEW report_call;
