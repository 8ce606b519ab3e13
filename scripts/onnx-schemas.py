# SPDX-License-Identifier: Apache-2.0
"""Writes lib/onnx/schema/operator-table.ts: the facts of ONNX's operators that inference and checker need.

Run by hand when the `onnx` package of `npm run sdk -- peers` gets newer:

    PYTHONPATH=.sdk/peers python3 scripts/onnx-schemas.py

Only facts go into the table: names, versions, types, counts, defaults. The format is that of `RawTable` in
lib/onnx/schema/operator-schema.ts. Versions that no opset from 7 on uses are left out.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import onnx
import onnx.defs

OLDEST_OPSET = 7
MARKS = {"Single": "", "Optional": "?", "Variadic": "*"}
TENSOR = re.compile(r"^tensor\((\w+)\)$")
OUTPUT = Path(__file__).resolve().parent.parent / "lib/onnx/schema/operator-table.ts"


class Shared:
    """A list in which each value stands once."""

    def __init__(self):
        self.values = []
        self.positions = {}

    def index(self, value):
        key = json.dumps(value)
        if key not in self.positions:
            self.positions[key] = len(self.values)
            self.values.append(value)
        return self.positions[key]


def type_of(text):
    """Number of a tensor's element type, or the text of any other type."""
    match = TENSOR.match(text)
    return onnx.TensorProto.DataType.Value(ELEMENT_NAMES[match[1]]) if match else text


ELEMENT_NAMES = {name.lower(): name for name in onnx.TensorProto.DataType.keys()}


def parameter(one):
    mark = MARKS[one.option.name]
    if mark == "*":
        mark = f"{'*' if one.is_homogeneous else '+'}{one.min_arity}"
    return one.type_str + mark


def attribute(one):
    text = str(one.type.value)
    if one.required:
        return text + "!"
    default = onnx.helper.get_attribute_value(one.default_value) if one.default_value.type else None
    if isinstance(default, bytes):
        return f"{text}={default.decode()}"
    if isinstance(default, float):
        # A FLOAT of 32 bits: its shortest decimal.
        return f"{text}={float(f'{default:.7g}'):g}"
    return text if default is None or isinstance(default, list) else f"{text}={default}"


def check_counts(schema, parameters, smallest, largest):
    """The counts follow from the parameters; the table does not repeat them."""
    singles = [i + 1 for i, one in enumerate(parameters) if one.option.name == "Single"]
    variadic = len(parameters) > 0 and parameters[-1].option.name == "Variadic"
    least = max(singles, default=0)
    if variadic:
        least = max(least, len(parameters) - 1 + parameters[-1].min_arity)
    assert least == smallest, (schema.name, schema.since_version, least, smallest)
    assert variadic or largest == len(parameters), (schema.name, schema.since_version)


def versions(schemas):
    """Those that an opset from OLDEST_OPSET on uses, oldest first."""
    schemas = sorted(schemas, key=lambda one: one.since_version)
    old = [one.since_version for one in schemas if one.since_version <= OLDEST_OPSET]
    return [one for one in schemas if one.since_version >= max(old, default=0)]


def main():
    by_name = defaultdict(list)
    other_domains = defaultdict(set)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            by_name[schema.name].append(schema)
        else:
            other_domains[schema.domain].add(schema.name)
    types, attributes = Shared(), Shared()
    operators = {}
    for name in sorted(by_name):
        operators[name] = []
        for schema in versions(by_name[name]):
            check_counts(schema, schema.inputs, schema.min_input, schema.max_input)
            check_counts(schema, schema.outputs, schema.min_output, schema.max_output)
            row = [
                schema.since_version,
                ",".join(parameter(one) for one in schema.inputs),
                ",".join(parameter(one) for one in schema.outputs),
                attributes.index({key: attribute(schema.attributes[key]) for key in sorted(schema.attributes)}),
                ",".join(
                    f"{one.type_param_str}={types.index(sorted((type_of(t) for t in one.allowed_type_strs), key=str))}"
                    for one in schema.type_constraints
                ),
            ]
            operators[name].append(row + [1] if schema.deprecated else row)
    table = {
        "newest": onnx.defs.onnx_opset_version(),
        "types": types.values,
        "attributes": attributes.values,
        "operators": operators,
        "otherDomains": {domain: sorted(names) for domain, names in sorted(other_domains.items())},
    }
    text = json.dumps(table, separators=(",", ":"), ensure_ascii=True)
    assert "'" not in text and "\\" not in text
    OUTPUT.write_text(
        "// SPDX-License-Identifier: Apache-2.0\n"
        f"// Made by scripts/onnx-schemas.py from the Python package onnx {onnx.__version__}. Not changed by hand.\n"
        f"export const OPERATOR_TABLE =\n  '{text}';\n"
    )
    print(f"{OUTPUT}: {OUTPUT.stat().st_size} bytes, {sum(map(len, operators.values()))} versions")


if __name__ == "__main__":
    main()
