# SPDX-License-Identifier: Apache-2.0
"""Panels of a dashboard as Grafana 10 to 12 store them: only core types, and of
their settings only what is not the same for all."""

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}

#: Labels as headings of a table, in the order of its columns.
HEADINGS = {
    "cluster": "Cluster", "severity": "Severity", "alertname": "Alert",
    "alertstate": "State", "problem": "Problem", "job_name": "Job",
    "source": "Source", "server": "Server", "whose": "Certificate of",
    "ns": "Namespace", "pod": "Pod", "domain": "Domain", "port": "Port",
    "key": "Key", "family": "Family", "reason": "Reason",
    "fingerprint_sha256": "Certificate", "subject_cn": "Subject",
    "issuer_cn": "Issuer", "job": "Scrape job", "instance": "Instance",
    "version": "Version",
}
#: What a click on a cell of these columns chooses.
_DRILL_DOWN = {"Cluster": "cluster", "Namespace": "namespace",
               "Domain": "domain"}


def thresholds(*steps):
    """(value, colour) each; the first one's value does not matter."""
    return {"mode": "absolute",
            "steps": [{"value": value if index else None, "color": colour}
                      for index, (value, colour) in enumerate(steps)]}


def words(*texts):
    """Texts and colours for 0, 1, 2, ..."""
    return [{"type": "value", "options": {
        str(index): {"text": text, "color": colour, "index": index}
        for index, (text, colour) in enumerate(texts)}}]


def override(name, **properties):
    """What differs in the fields of this name."""
    return {"matcher": {"id": "byName", "options": name},
            "properties": [{"id": key.replace("__", "."), "value": value}
                           for key, value in properties.items()]}


def query(expr, ref="A", legend="", instant=True, table=False):
    return {"refId": ref, "datasource": DATASOURCE, "expr": expr,
            "editorMode": "code", "legendFormat": legend or "__auto",
            "format": "table" if table else "time_series",
            "instant": instant, "range": not instant}


def _panel(kind, title, description, targets, options, defaults, overrides=(),
           transformations=()):
    found = {"type": kind, "title": title, "description": description,
             "datasource": DATASOURCE, "targets": targets, "options": options,
             "fieldConfig": {"defaults": defaults,
                             "overrides": list(overrides)}}
    if transformations:
        found["transformations"] = list(transformations)
    return found


def row(title):
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def stat(title, description, targets, unit, steps, no_value="", overrides=()):
    """targets: an expression, or a list of (expression, legend)."""
    if isinstance(targets, str):
        targets = [(targets, "")]
    defaults = {"unit": unit, "color": {"mode": "thresholds"},
                "thresholds": steps, "mappings": []}
    if no_value:
        defaults["noValue"] = no_value
    return _panel(
        "stat", title, description,
        [query(expr, chr(ord("A") + index), legend)
         for index, (expr, legend) in enumerate(targets)],
        {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "",
                           "values": False},
         "orientation": "auto", "textMode": "auto", "colorMode": "value",
         "graphMode": "none", "justifyMode": "auto", "wideLayout": True,
         "showPercentChange": False, "percentChangeColorMode": "standard"},
        defaults, overrides)


def graph(title, description, targets, unit, stacked=False, no_value=""):
    custom = {"drawStyle": "line", "lineWidth": 1, "showPoints": "never",
              "lineInterpolation": "stepAfter", "spanNulls": False,
              "fillOpacity": 60 if stacked else 0,
              "stacking": {"mode": "normal" if stacked else "none",
                           "group": "A"}}
    defaults = {"unit": unit, "min": 0, "color": {"mode": "palette-classic"},
                "custom": custom, "mappings": []}
    if no_value:
        defaults["noValue"] = no_value
    return _panel(
        "timeseries", title, description,
        [query(expr, chr(ord("A") + index), legend, instant=False)
         for index, (expr, legend) in enumerate(targets)],
        {"legend": {"displayMode": "list", "placement": "bottom",
                    "showLegend": True, "calcs": []},
         "tooltip": {"mode": "multi", "sort": "desc"}},
        defaults)


def table(title, description, columns, sort=None, no_value=""):
    """columns: (expression, heading, properties of the field) each; without a
    heading the value is not shown, only the labels."""
    targets, headings, overrides = [], dict(HEADINGS), []
    order = dict.fromkeys(HEADINGS)
    hidden = {"Time": True, "__name__": True}
    for index, (expr, heading, properties) in enumerate(columns):
        ref = chr(ord("A") + index)
        targets.append(query(expr, ref, table=True))
        # The value has no letter where only one query has an answer.
        names = [f"Value #{ref}"] + ["Value"] * (index == 0)
        for name in names:
            if heading:
                headings[name] = heading
                order[name] = None
            else:
                hidden[name] = True
        if heading:
            overrides.append(override(heading, **properties))
    transformations = [{"id": "merge", "options": {}}] * (len(columns) > 1)
    transformations.append({"id": "organize", "options": {
        "excludeByName": hidden, "renameByName": headings,
        "indexByName": {name: index for index, name in enumerate(order)}}})
    overrides += [
        override(name, links=[{
            "title": f"Only {name.lower()} ${{__value.text}}",
            "url": f"/d/${{__dashboard.uid}}?${{__url_time_range}}"
                   f"&var-{variable}=${{__value.text:percentencode}}"}])
        for name, variable in _DRILL_DOWN.items()]
    overrides.append(override("Certificate", custom__width=130))
    return _table(title, description, targets, overrides, transformations,
                  sort, no_value)


def matrix(title, description, expr, row_label, column_label, heading,
           mappings, order=(), overrides=(), no_value=""):
    """One row for each value of a label, one column for each of another, in
    the cells the value, as text and colour."""
    corner = f"{row_label}\\{column_label}"
    return _table(
        title, description, [query(expr, table=True)],
        # The cells are all columns but the first.
        [override(heading, mappings=[], custom__cellOptions={"type": "auto"},
                  custom__align="left"), *overrides],
        [{"id": "groupingToMatrix", "options": {
            "rowField": row_label, "columnField": column_label,
            "valueField": "Value", "emptyValue": "null"}},
         {"id": "organize", "options": {
             "excludeByName": {}, "renameByName": {corner: heading},
             "indexByName": {name: index for index, name
                             in enumerate((corner, *order))}}}],
        (heading, False), no_value, mappings=mappings,
        custom={"cellOptions": {"type": "color-background", "mode": "basic"},
                "align": "center"})


def _table(title, description, targets, overrides, transformations, sort,
           no_value, mappings=(), custom=None):
    defaults = {"unit": "none", "mappings": list(mappings),
                "color": {"mode": "thresholds"},
                "thresholds": thresholds((None, "text")),
                "custom": {"align": "auto", "cellOptions": {"type": "auto"},
                           "filterable": True, "inspect": False,
                           **(custom or {})}}
    if no_value:
        defaults["noValue"] = no_value
    return _panel(
        "table", title, description, targets,
        {"showHeader": True, "frameIndex": 0, "cellHeight": "sm",
         "footer": {"show": False, "reducer": ["sum"], "countRows": False,
                    "enablePagination": True},
         "sortBy": [{"displayName": sort[0], "desc": sort[1]}] if sort else []},
        defaults, overrides, transformations)


def lay_out(rows):
    """Gives panels their ids and places. rows: a row's title and lines of
    (width, height, panel) each."""
    panels, y = [], 0
    for title, lines in rows:
        panels.append({**row(title), "gridPos": {"x": 0, "y": y, "w": 24,
                                                 "h": 1}})
        y += 1
        for line in lines:
            x = 0
            for width, height, panel in line:
                panels.append({**panel, "gridPos": {"x": x, "y": y, "w": width,
                                                    "h": height}})
                x += width
            y += max(height for _, height, _ in line)
    return [{"id": index, **panel}
            for index, panel in enumerate(panels, start=1)]
