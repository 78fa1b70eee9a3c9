@_exported public import ECDiagnostics
@_exported public import ECImage
