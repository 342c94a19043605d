#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "solver/base/result.hpp"
#include "solver/version/pep440_version.hpp"

namespace aimlock {

/// The parts of a wheel's file name (PEP 427, 425): `name-version(-build)?-python-abi-platform.whl`.
struct WheelName {
    std::string name;  ///< normalised (PEP 503)
    Pep440Version version;
    std::string build{};              ///< empty: none; else begins with a digit
    std::vector<std::string> tags{};  ///< expanded: "cp312-cp312-manylinux_2_17_x86_64", sorted

    /// Fails on a name that is no wheel's, with what is wrong with it.
    static Result<WheelName> parse(std::string_view file_name);
};

/// The name and version of an sdist's file name (PEP 625), `.tar.gz` or `.zip`.
struct SdistName {
    std::string name;
    Pep440Version version;
    static Result<SdistName> parse(std::string_view file_name);
};

/// `py2.py3-none-any` -> both tags, sorted. Empty for what is no tag: not three fields, an empty part, a
/// Python part that is no identifier, over 10,000 tags.
std::vector<std::string> expand_tag(std::string_view compressed);

/// One Python and one platform, as far as wheel tags see them.
struct TagPlatform {
    unsigned python_minor = 12;             ///< of CPython 3
    bool free_threaded = false;             ///< `cp313t`
    std::string conda_subdir = "linux-64";  ///< linux-64, linux-aarch64, osx-arm64, osx-64, win-64, …
    unsigned glibc_minor = 28;              ///< of glibc 2; 0: no glibc, musl instead
    unsigned musl_minor = 0;                ///< of musl 1; 0: none
    unsigned macos_major = 14;
    unsigned macos_minor = 0;
};

/// The tags that a platform accepts, best first, as `packaging.tags` orders them.
class CompatibleTags {
public:
    explicit CompatibleTags(const TagPlatform& platform);

    /// Rank of the best tag of the wheel (0 is best), nullopt when none fits. Reads the file name only,
    /// without allocating: pages list hundreds of thousands of files and most do not fit.
    [[nodiscard]] std::optional<std::uint32_t> rank(std::string_view wheel_file_name) const;
    /// All tags, best first.
    [[nodiscard]] const std::vector<std::string>& tags() const { return tags_; }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };
    std::vector<std::string> tags_;
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> rank_;
};

}  // namespace aimlock
