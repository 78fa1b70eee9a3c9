import ECGraph
import Testing

private func parse(_ text: String) throws -> FormatValue { try FormatValue(json: text.utf8) }

@Test func `JSON keeps the order of keys and tells numbers apart`() throws {
  let value = try parse(#"{"b": 1, "a": [1.5, -2, true, null], "c": {"d": "x\u00e9\n"}}"#)
  #expect(value.object?.keys.elements == ["b", "a", "c"])
  #expect(value.object?["a"]?.list?[0].double == 1.5)
  #expect(value.object?["a"]?.list?[1].int == -2)
  #expect(value.object?["c"]?.object?["d"]?.string == "xé\n")
  #expect(value.json() == #"{"b":1,"a":[1.5,-2,true,null],"c":{"d":"xé\n"}}"#)
}

@Test func `Python's special numbers are read and written`() throws {
  let value = try parse("[NaN, Infinity, -Infinity, 1e3]")
  #expect(value.list?[0].double?.isNaN == true)
  #expect(value.list?[2].double == -.infinity)
  #expect(value.json() == "[NaN,Infinity,-Infinity,1000.0]")
}

@Test func `surrogate pairs become one character`() throws {
  #expect(try parse(#""\ud83d\ude00""#).string == "😀")
}

@Test(arguments: [
  "", "{", "[1,]", "{\"a\" 1}", "tru", "\"abc", "[1] 2", "{1: 2}", "\"\\q\"", "\"\\ud83d\\u0041\"",
])
func `broken JSON is refused, never a crash`(text: String) {
  #expect(throws: JSONError.self) { try parse(text) }
}

@Test func `nesting is bounded`() {
  let deep = String(repeating: "[", count: 100_000)
  #expect(throws: JSONError.self) { try parse(deep) }
}
