extension BatchError {
  public var what: String {
    switch reason {
    case .cannotRead(let message, _): message
    case .notParsed(let found): "neither JSON nor YAML: \(found)"
    case .malformed(let found): found
    case .noJobs: "no model is named"
    case .nothingMatches(let pattern): "no model matches '\(pattern)'"
    case .sameOutput(let output, let inputs):
      "\(inputs.map { "'\($0)'" }.joined(separator: " and ")) would both become '\(output)'"
    case .outputsExist(let names):
      "\(names.count) of the outputs exist, such as '\(names.first ?? "")'"
    case .cannotWrite(let message): "can't be written: \(message)"
    case .locked: "another batch is at work in this folder"
    case .cannotStart(let message): "its process can't be started: \(message)"
    }
  }

  public var remedy: String? {
    switch reason {
    case .cannotRead(_, let isMissing): isMissing ? "check the path" : nil
    case .notParsed: "write, for example, {\"jobs\": [{\"input\": \"a.h5\"}]}"
    case .malformed: "see schemas/jobs.schema.json"
    case .noJobs: "ecconvert batch IN... --out-dir DIR, or --jobs-file FILE"
    case .nothingMatches: "check the pattern; folders are searched for .h5, .hdf5, .keras and .onnx"
    case .sameOutput: "give them names of their own in a jobs file"
    case .outputsExist: "--resume goes on and skips what is done, --force replaces them"
    case .cannotWrite, .cannotStart: nil
    case .locked: "wait for it, or name another --out-dir"
    }
  }
}
