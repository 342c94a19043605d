#pragma once

namespace aimlock {

/// Python that calls a build backend's hooks (PEP 517): SOURCES OUT REPORT BACKEND [PATH…]. It writes to
/// REPORT, as JSON, the `wheel` that it made, or what is `missing`, or which `backend` is not there. What the
/// backend itself prints goes where it goes.
inline constexpr const char* build_program = R"python(
import importlib, json, os, re, sys, traceback
del sys.path[0]  # the folder that it was started in
sources, out, report, backend = sys.argv[1:5]
def end(code, **said):
    with open(report, 'w') as file: json.dump(said, file)
    sys.exit(code)
def lacks(text):
    from importlib import metadata
    try:
        from packaging.requirements import Requirement
    except ImportError:
        Requirement = None
    wanted = Requirement(text) if Requirement else None
    if wanted and wanted.marker and not wanted.marker.evaluate({'extra': ''}): return False
    if not wanted and ';' in text: return False
    try:
        found = metadata.version(re.match(r'\s*([A-Za-z0-9._-]+)', text).group(1))
    except metadata.PackageNotFoundError:
        return True
    return bool(wanted) and not wanted.specifier.contains(found, prereleases=True)
os.chdir(sources)
sys.path[:0] = [os.path.join(sources, path) for path in sys.argv[5:]]
module, _, attributes = backend.partition(':')
try:
    hooks = importlib.import_module(module)
    for name in filter(None, attributes.split('.')): hooks = getattr(hooks, name)
except Exception:
    traceback.print_exc()
    end(3, backend=backend)
wants = getattr(hooks, 'get_requires_for_build_wheel', None)
missing = [text for text in (wants({}) if wants else []) if lacks(text)]
if missing: end(4, missing=missing)
end(0, wheel=hooks.build_wheel(out, {}, None))
)python";

}  // namespace aimlock
