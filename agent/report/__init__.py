"""What a person looks at after a run: one self-contained page, and a table in the terminal."""

from agent.report.page import REPORT_FILE, write_report

__all__ = ["REPORT_FILE", "write_report"]
