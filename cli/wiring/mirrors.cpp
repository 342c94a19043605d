#include "cli/wiring/mirrors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/wiring/request.hpp"
#include "lock/manifest/any_manifest.hpp"

namespace aimlock::cli {
namespace {

constexpr std::array<std::string_view, 3> schemes{"https://", "http://", "file://"};

bool is_address(std::string_view text) {
    return std::ranges::any_of(schemes, [&](std::string_view scheme) { return text.starts_with(scheme); });
}

}  // namespace

Result<Mirrors> read_mirrors(const std::vector<std::string>& written) {
    Mirrors mirrors;
    for (const std::string& text : written) {
        // An address may hold an equals sign; what stands behind the one that is meant is an address again.
        std::size_t at = text.find('=');
        while (at != std::string::npos && !is_address(std::string_view(text).substr(at + 1)))
            at = text.find('=', at + 1);
        if (at == std::string::npos || !is_address(text)) {
            return fail(ErrorCode::usage, "`--mirror` wants two addresses",
                        "write `--mirror https://origin.example=https://mirror.example`");
        }
        mirrors[text.substr(0, at)].push_back(text.substr(at + 1));
    }
    return mirrors;
}

Mirrors mirrors_beside(const std::filesystem::path& lock_file, Console& console) {
    const std::filesystem::path file = lock_file.parent_path() / manifest_names.front();
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return {};
    auto manifest = read_manifest_file(file);
    if (manifest) return std::move(manifest->request.mirrors);
    console.write(LogLevel::note, file.string() + " cannot be read, so its [mirrors] are not asked: " +
                                      manifest.error().front().message);
    return {};
}

}  // namespace aimlock::cli
