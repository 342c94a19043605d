#include <string>
#include <utility>

#include "lock/manifest/any_manifest.hpp"
#include "lock/manifest/pip_lines.hpp"

namespace aimlock {

tl::expected<Manifest, std::vector<Error>> read_requirements_txt(std::string_view text,
                                                                 const std::string& file) {
    Manifest manifest;
    manifest.file = file;
    ManifestErrors errors;
    TargetRequest target;
    std::string joined;
    SourcePos joined_at{file, 1, 1};
    SourcePos at{file, 1, 1};
    for (; !text.empty(); ++at.line) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (joined.empty()) joined_at = at;
        joined += line;
        if (line.ends_with('\\') && !text.empty()) {
            joined.pop_back();
            continue;
        }
        read_pip_line(joined, joined_at, manifest, target, errors);
        joined.clear();
    }
    manifest.request.targets.push_back(std::move(target));
    if (!errors.empty()) return tl::make_unexpected(std::move(errors).taken());
    return manifest;
}

tl::expected<Manifest, std::vector<Error>> read_any_manifest(std::string_view text, const std::string& file) {
    const std::string name = file.substr(file.rfind('/') == std::string::npos ? 0 : file.rfind('/') + 1);
    if (name == "pixi.toml") return read_pixi_toml(text, file);
    if (name == "pyproject.toml") return read_pyproject_toml(text, file);
    if (name.ends_with(".yml") || name.ends_with(".yaml")) return read_environment_yml(text, file);
    if (name.ends_with(".txt") || name.ends_with(".in")) return read_requirements_txt(text, file);
    return read_manifest(text, file);
}

}  // namespace aimlock
