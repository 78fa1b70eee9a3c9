/// onnxruntime's side of a benchmark, a program for Python.
enum RuntimeScript {
  /// Takes the same arguments as `BenchmarkWorker` and speaks the same words.
  static let text = #"""
    import resource
    import sys
    import time

    def say(*words):
        print(*words, flush=True)

    def resident(field):
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

    def cpu():
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return usage.ru_utime + usage.ru_stime

    def main(path, threads, seed, low, high, *shapes):
        import numpy
        import onnxruntime
        base = resident("VmRSS:")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(threads)
        session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"])
        random = numpy.random.default_rng(int(seed))
        types = {"tensor(float)": "f4", "tensor(float16)": "f2", "tensor(double)": "f8"}
        feed = {}
        for given, shape in zip(session.get_inputs(), shapes):
            extents = [int(extent) for extent in shape.split(",") if extent]
            values = random.uniform(float(low), float(high), extents)
            feed[given.name] = values.astype(types[given.type])
        session.run(None, feed)
        say("ready", "onnxruntime/" + onnxruntime.__version__, base)
        for word in sys.stdin:
            if word.strip() == "peak":
                say(resident("VmHWM:"))
                continue
            wall, used = time.perf_counter(), cpu()
            session.run(None, feed)
            used, wall = cpu() - used, time.perf_counter() - wall
            say(wall, used)

    try:
        main(*sys.argv[1:])
    except Exception as error:
        say("error", type(error).__name__ + ": " + str(error).split("\n")[0])
    """#
}
