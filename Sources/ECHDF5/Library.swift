import CHDF5
import ECDiagnostics
import Synchronization

/// libhdf5 as a whole: started once, entered by one thread at a time, and silent.
enum Library {
  private static let started = Mutex(false)

  /// Runs calls of libhdf5 alone in the process; everything that touches the library goes through.
  static func locked<Result: Sendable & ~Copyable>(
    _ body: () throws(HDF5Error) -> Result
  ) throws(HDF5Error) -> Result {
    try started.withLock { (isStarted) throws(HDF5Error) -> Result in
      if !isStarted {
        // Without this the library's own exit routine runs after ours and complains.
        _ = H5dont_atexit()
        guard H5open() >= 0 else {
          throw HDF5Error(.library(operation: "starting libhdf5", message: ""), at: Place())
        }
        // Filters that a file names must not load code.
        _ = H5PLset_loading_state(0)
        isStarted = true
      }
      // Where libhdf5 is built thread-safe, printing is set per thread.
      _ = H5Eset_auto2(hid_t(H5E_DEFAULT), nil, nil)
      return try body()
    }
  }

  /// The innermost message of the error stack that the last failing call left.
  static func lastMessage() -> String {
    var messages: [String] = []
    withUnsafeMutablePointer(to: &messages) { pointer in
      _ = H5Ewalk2(
        hid_t(H5E_DEFAULT), H5E_WALK_UPWARD,
        { _, entry, context in
          if let text = entry?.pointee.desc, let context {
            let text = String(cString: text)
            if !text.isEmpty {
              context.assumingMemoryBound(to: [String].self).pointee.append(text)
            }
          }
          return 0
        }, pointer)
    }
    return messages.first ?? "no message"
  }

  /// The error for a call that failed just now.
  static func failure(_ operation: String, at place: Place) -> HDF5Error {
    HDF5Error(.library(operation: operation, message: lastMessage()), at: place)
  }

  /// Throws when a status of libhdf5 is negative.
  static func check(
    _ status: some SignedInteger, _ operation: String, at place: Place
  ) throws(HDF5Error) {
    if status < 0 { throw failure(operation, at: place) }
  }
}

/// An id of libhdf5 of any kind, given back when it goes out of scope; lives only inside the lock.
struct Handle: ~Copyable {
  let id: hid_t

  /// Takes over an id that a call just returned; throws what the library says when it is negative.
  init(_ id: hid_t, _ operation: String, at place: Place) throws(HDF5Error) {
    try Library.check(id, operation, at: place)
    self.id = id
  }

  deinit { _ = H5Idec_ref(id) }
}
