// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A library target of this package; the list of its dependencies is the whole list of what it may import.
func library(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

/// The test target that mirrors a library target.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["ECTestSupport"], swiftSettings: swiftSettings)
}

let collections: Target.Dependency = .product(
  name: "OrderedCollections", package: "swift-collections")

let package = Package(
  name: "ecconvert",
  products: [
    .executable(name: "ecconvert", targets: ["ECConvertCLI"]),
    .library(name: "ECConvert", targets: ["ECConvert"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // C libraries
    .systemLibrary(
      name: "CHDF5", pkgConfig: "hdf5-serial", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CONEDNN", providers: [.apt(["libdnnl-dev"])]),
    .target(name: "CONNX", dependencies: ["CProtobufC"]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .target(name: "CImage", dependencies: ["CJPEG", "CPNG"]),
    .target(name: "CResidual"),
    .systemLibrary(
      name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
    .systemLibrary(name: "CLinux"),

    // Base
    library("ECDiagnostics", []),
    library("ECTensor", ["ECDiagnostics"]),
    library("ECRandom", []),
    library("ECHash", ["CXXHash"]),
    library("ECMachine", ["CLinux"]),
    library("ECImage", ["ECDiagnostics", "ECRandom", "CImage"]),
    library("ECHDF5", ["ECDiagnostics", "CHDF5"]),
    library("ECArchive", ["ECDiagnostics", "CZip"]),
    library("ECMatlab", ["ECDiagnostics", "CZlib"]),
    library("ECBLAS", ["ECDiagnostics", "COpenBLAS"]),
    library("ECKernels", ["ECDiagnostics", "CONEDNN", "CLinux"]),

    // IR and operators
    library("ECGraph", ["ECDiagnostics", "ECTensor", collections]),
    library("ECOperators", ["ECDiagnostics", "ECTensor", "ECGraph"]),

    // Formats
    library(
      "ECKeras", ["ECDiagnostics", "ECTensor", "ECGraph", "ECHDF5", "ECArchive", collections]),
    library(
      "ECONNX", ["ECDiagnostics", "ECTensor", "ECGraph", "CONNX", "CProtobufC", collections]),

    // Work
    library("ECCentrality", ["ECDiagnostics", "ECBLAS", "ECRandom", "CResidual"]),
    library(
      "ECExecution",
      [
        "ECDiagnostics", "ECTensor", "ECGraph", "ECKernels", "ECBLAS", "ECMachine", "ECRandom",
      ]),
    library(
      "ECFineTune",
      [
        "ECDiagnostics", "ECTensor", "ECGraph", "ECExecution", "ECKernels", "ECBLAS", "ECImage",
        "ECMatlab", "ECRandom", "ECHash",
      ]),
    library("ECReport", ["ECDiagnostics", "ECGraph", collections]),
    library("ECArchitectures", ["ECDiagnostics", "ECGraph"]),
    library("ECPasses", ["ECDiagnostics", "ECTensor", "ECGraph", "ECOperators"]),
    library(
      "ECPruning",
      [
        "ECDiagnostics", "ECTensor", "ECGraph", "ECBLAS", "ECCentrality", "ECRandom", collections,
      ]),

    // Top
    library(
      "ECConvert",
      [
        "ECDiagnostics", "ECTensor", "ECGraph", "ECOperators", "ECHDF5", "ECKeras", "ECONNX",
        "ECExecution", "ECPasses", "ECArchitectures", "ECPruning", "ECCentrality", "ECFineTune",
        "ECImage", "ECRandom", "ECArchive", "ECHash", "ECMachine", "ECReport", collections,
      ]),
    library(
      "ECBatch",
      [
        "ECDiagnostics", "ECGraph", "ECHash", "ECMachine", "ECReport", "ECConvert", "CYAML",
        "CLinux", collections,
      ]),
    .executableTarget(
      name: "ECConvertCLI",
      dependencies: [
        "ECGraph", "ECConvert", "ECBatch",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "ECBenchmark",
      dependencies: [
        "ECFineTune", "ECGraph", "ECONNX", "ECOperators", "ECTensor",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),

    // Tests
    .target(
      name: "ECTestSupport", dependencies: ["ECDiagnostics", "ECTensor", "ECGraph"],
      path: "Tests/ECTestSupport", swiftSettings: swiftSettings),
    tests("ECDiagnosticsTests", ["ECDiagnostics"]),
    tests("ECMachineTests", ["ECMachine"]),
    tests("ECTensorTests", ["ECTensor"]),
    tests("ECHDF5Tests", ["ECHDF5"]),
    tests("ECArchiveTests", ["ECArchive"]),
    tests("ECImageTests", ["ECDiagnostics", "ECImage", "ECRandom"]),
    tests("ECMatlabTests", ["ECMatlab"]),
    tests("ECCentralityTests", ["ECCentrality", "ECBLAS", "ECRandom"]),
    tests("ECKernelsTests", ["ECDiagnostics", "ECKernels"]),
    tests("ECGraphTests", ["ECTensor", "ECGraph", "ECOperators"]),
    tests(
      "ECOperatorsTests",
      [
        "ECDiagnostics", "ECTensor", "ECGraph", "ECOperators", "ECExecution", "ECONNX", "ECKeras",
      ]),
    tests("ECKerasTests", ["ECKeras", "ECGraph", "ECOperators", "ECHDF5", "ECExecution"]),
    tests("ECONNXTests", ["ECONNX", "ECGraph", "ECOperators"]),
    tests("ECExecutionTests", ["ECExecution", "ECGraph", "ECOperators"]),
    tests("ECArchitecturesTests", ["ECArchitectures", "ECDiagnostics", "ECGraph"]),
    tests(
      "ECPassesTests", ["ECTensor", "ECPasses", "ECGraph", "ECOperators", "ECExecution"]),
    tests(
      "ECPruningTests",
      ["ECPruning", "ECCentrality", "ECTensor", "ECGraph", "ECOperators", "ECExecution"]),
    tests(
      "ECFineTuneTests",
      [
        "ECFineTune", "ECBLAS", "ECTensor", "ECGraph", "ECExecution", "ECONNX", "ECOperators",
      ]),
    tests("ECConvertTests", ["ECDiagnostics", "ECTensor", "ECGraph", "ECConvert"]),
    tests("ECReportTests", ["ECDiagnostics", "ECReport", "ECGraph"]),
    tests("ECBatchTests", ["ECBatch", "ECHash", "ECGraph", "ECDiagnostics"]),
    .testTarget(
      name: "CLITests", dependencies: ["ECTestSupport"], exclude: ["Golden", "Snapshots"],
      swiftSettings: swiftSettings),
  ]
)

// libFuzzer has to be in every module: only tools/fuzz/run builds this, in a folder of its own.
if Context.environment["ECCONVERT_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "ECFuzz",
      dependencies: [
        "ECConvert", "ECDiagnostics", "ECFineTune", "ECGraph", "ECHDF5", "ECImage", "ECKeras",
        "ECOperators", "ECPruning", "ECBatch",
      ],
      path: "tools/fuzz/targets", swiftSettings: swiftSettings))
}
