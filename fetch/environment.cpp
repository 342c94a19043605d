#include "fetch/environment.hpp"

#include <fstream>
#include <iterator>

#include <unistd.h>

namespace aimlock {

Environment Environment::of_process() {
    Environment environment;
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos) continue;
        environment.variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    environment.home = environment.get("HOME").value_or(std::string{});
    return environment;
}

std::optional<std::string> Environment::get(std::string_view name) const {
    const auto found = variables.find(name);
    if (found == variables.end() || found->second.empty()) return std::nullopt;
    return found->second;
}

std::filesystem::path Environment::config_home() const {
    if (const auto given = get("XDG_CONFIG_HOME")) return *given;
    return home.empty() ? std::filesystem::path{} : home / ".config";
}

std::filesystem::path Environment::cache_folder() const {
    if (const auto given = get("AIMLOCK_CACHE_DIR")) return *given;
    if (const auto given = get("XDG_CACHE_HOME")) return std::filesystem::path(*given) / "aimlock";
    if (!home.empty()) return home / ".cache" / "aimlock";
    return std::filesystem::temp_directory_path() / ("aimlock-" + std::to_string(::getuid()));
}

std::optional<std::string> read_whole_file(const std::filesystem::path& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    std::ifstream in(file, std::ios::binary);
    if (failed || !in) return std::nullopt;
    std::string content(size, '\0');
    in.read(content.data(), static_cast<std::streamsize>(size));
    content.resize(static_cast<std::size_t>(in.gcount()));
    if (in.eof() || in.good()) return content;
    return std::nullopt;
}

}  // namespace aimlock
