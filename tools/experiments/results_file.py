"""The file of results: a line a run, so that a study goes on where it was stopped."""
import json


class ResultsFile:
    """The records in FOLDER/results.jsonl, and the study they belong to in FOLDER/study.json."""

    def __init__(self, folder, study):
        self.path = folder / "results.jsonl"
        known = folder / "study.json"
        if known.exists():
            earlier = json.loads(known.read_text())
            if earlier != study:
                raise SystemExit(f"{folder}: holds the results of another study: {earlier}; "
                                 "to fix: name another folder")
        known.write_text(json.dumps(study, indent=1) + "\n")
        self.records = []
        if self.path.exists():
            text = self.path.read_text()
            whole = text[:text.rfind("\n") + 1]
            if whole != text:  # stopped while it wrote
                self.path.write_text(whole)
            self.records = [json.loads(line) for line in whole.splitlines()]

    def __contains__(self, setting):
        wanted = setting.record()
        return any(all(record[key] == wanted[key] for key in wanted) for record in self.records)

    def keep(self, record):
        self.records.append(record)
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")
