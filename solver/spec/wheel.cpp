#include "solver/spec/wheel.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "solver/base/sort_unique.hpp"
#include "solver/spec/package_name.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr std::size_t most_tags = 10'000;

/// The parts of a text between separators, empty ones included.
std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (true) {
        const std::size_t size = text.find(separator);
        parts.push_back(text.substr(0, size));
        if (size == std::string_view::npos) return parts;
        text.remove_prefix(size + 1);
    }
}

constexpr bool is_word(char c) {
    return is_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_identifier(std::string_view text) {
    return !text.empty() && !is_digit(text.front()) && std::ranges::all_of(text, is_word);
}

tl::unexpected<Error> not_a_wheel(std::string_view file_name, const std::string& why) {
    return fail(ErrorCode::syntax, "`" + std::string(file_name) + "` is not a wheel's file name: " + why);
}

}  // namespace

std::vector<std::string> expand_tag(std::string_view compressed) {
    const std::vector<std::string_view> fields = split(compressed, '-');
    if (fields.size() != 3) return {};
    std::array<std::vector<std::string_view>, 3> parts;
    std::size_t count = 1;
    for (std::size_t i = 0; i < 3; ++i) {
        parts[i] = split(fields[i], '.');
        count *= parts[i].size();
        if (count > most_tags || std::ranges::find(parts[i], std::string_view()) != parts[i].end()) return {};
    }
    if (!std::ranges::all_of(parts[0], is_identifier)) return {};
    std::vector<std::string> tags;
    tags.reserve(count);
    for (const std::string_view python : parts[0]) {
        for (const std::string_view abi : parts[1]) {
            for (const std::string_view platform : parts[2]) {
                std::string tag(python);
                tags.push_back(to_lower(tag.append("-").append(abi).append("-").append(platform)));
            }
        }
    }
    sort_unique(tags);
    return tags;
}

Result<WheelName> WheelName::parse(std::string_view file_name) {
    if (!file_name.ends_with(".whl")) return not_a_wheel(file_name, "it does not end in .whl");
    const std::string_view stem = file_name.substr(0, file_name.size() - 4);
    const std::vector<std::string_view> parts = split(stem, '-');
    if (parts.size() != 5 && parts.size() != 6)
        return not_a_wheel(file_name, "five or six parts between dashes are needed");
    const std::string_view name = parts[0];
    const bool good_name = !name.empty() && name.find("__") == std::string_view::npos &&
                           std::ranges::all_of(name, [](char c) { return is_word(c) || c == '.'; });
    if (!good_name) return not_a_wheel(file_name, "`" + std::string(name) + "` is not a project name");
    auto version = Pep440Version::parse(parts[1]);
    if (!version) return not_a_wheel(file_name, version.error().message);
    WheelName wheel{normalize_pypi_name(name), *std::move(version)};
    if (parts.size() == 6) {
        wheel.build = parts[2];
        if (wheel.build.empty() || !is_digit(wheel.build.front()))
            return not_a_wheel(file_name, "a build begins with a digit");
    }
    const auto tag_begin = static_cast<std::size_t>(parts[parts.size() - 3].data() - stem.data());
    wheel.tags = expand_tag(stem.substr(tag_begin));
    if (wheel.tags.empty()) return not_a_wheel(file_name, "its last three parts are no tag");
    return wheel;
}

Result<SdistName> SdistName::parse(std::string_view file_name) {
    std::string_view stem = file_name;
    for (const std::string_view ending : {".tar.gz", ".zip"}) {
        if (stem.ends_with(ending)) stem.remove_suffix(ending.size());
    }
    const auto wrong = [&](const std::string& why) {
        return fail(ErrorCode::syntax,
                    "`" + std::string(file_name) + "` is not an sdist's file name: " + why);
    };
    if (stem.size() == file_name.size()) return wrong("it does not end in .tar.gz or .zip");
    const std::size_t dash = stem.rfind('-');
    if (dash == std::string_view::npos) return wrong("there is no dash before the version");
    if (dash == 0) return wrong("there is no project name");
    auto version = Pep440Version::parse(stem.substr(dash + 1));
    if (!version) return wrong(version.error().message);
    return SdistName{normalize_pypi_name(stem.substr(0, dash)), *std::move(version)};
}

}  // namespace aimlock
