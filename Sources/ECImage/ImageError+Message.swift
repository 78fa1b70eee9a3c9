extension ImageError {
  public var what: String {
    switch reason {
    case .cannotRead(let message, _): message
    case .unknownFormat: "neither JPEG nor PNG"
    case .broken(let words): words
    case .noImages: "there is no JPEG or PNG file in this folder or below it"
    case .allBroken(let count): "none of the \(count) images can be decoded"
    }
  }

  public var remedy: String? {
    switch reason {
    case .noImages: "give a folder of .jpg, .jpeg or .png files"
    default: nil
    }
  }
}
