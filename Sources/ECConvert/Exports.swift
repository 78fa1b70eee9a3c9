@_exported public import ECDiagnostics
