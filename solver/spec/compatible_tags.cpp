#include <algorithm>
#include <array>

#include "solver/spec/wheel.hpp"
#include "solver/version/ascii.hpp"

namespace aimlock {
namespace {

constexpr unsigned oldest_limited_api = 2;  // Python 3.2
constexpr std::size_t longest_tag = 256;

/// "x86_64" of "linux-64"; the machine as wheel tags spell it.
std::string machine_of(std::string_view subdir) {
    const std::string_view machine = subdir.substr(std::min(subdir.find('-'), subdir.size() - 1) + 1);
    if (machine == "64") return "x86_64";
    if (machine == "32") return "i686";
    return std::string(machine);
}

/// Best first: the platform's own tag, then manylinux from the newest glibc down with the old names beside
/// theirs, musl.
std::vector<std::string> linux_platforms(const TagPlatform& platform) {
    const std::string machine = machine_of(platform.conda_subdir);
    std::vector<std::string> tags{"linux_" + machine};
    const bool intel = machine == "x86_64" || machine == "i686";
    const unsigned oldest = intel ? 5 : 17;  // PEP 600: no machine but Intel's had wheels before glibc 2.17
    for (unsigned minor = platform.glibc_minor; minor >= oldest; --minor) {
        tags.push_back("manylinux_2_" + std::to_string(minor) + "_" + machine);
        if (minor == 17) tags.push_back("manylinux2014_" + machine);
        if (minor == 12) tags.push_back("manylinux2010_" + machine);
        if (minor == 5) tags.push_back("manylinux1_" + machine);
    }
    if (platform.glibc_minor == 0 && platform.musl_minor != 0) {
        for (unsigned minor = platform.musl_minor + 1; minor-- > 0;) {
            tags.push_back("musllinux_1_" + std::to_string(minor) + "_" + machine);
        }
    }
    return tags;
}

std::vector<std::string> macos_platforms(const TagPlatform& platform) {
    const std::string machine = machine_of(platform.conda_subdir);
    const bool intel = machine == "x86_64";
    const auto formats = [&]() -> std::vector<std::string> {
        if (intel) return {"x86_64", "intel", "fat64", "fat3", "universal2", "universal"};
        return {machine, "universal2"};
    }();
    std::vector<std::string> tags;
    const auto add = [&](unsigned major, unsigned minor, const std::vector<std::string>& of) {
        for (const std::string& format : of) {
            tags.push_back("macosx_" + std::to_string(major) + "_" + std::to_string(minor) + "_" + format);
        }
    };
    for (unsigned major = platform.macos_major; major >= 11; --major) add(major, 0, formats);
    if (platform.macos_major >= 11) {
        // Before 11 there were no Arm binaries, but the Intel half of a universal2 may be older.
        for (unsigned minor = 16; minor >= 4; --minor)
            add(10, minor, intel ? formats : std::vector<std::string>{"universal2"});
    } else if (intel) {
        for (unsigned minor = platform.macos_minor; minor >= 4; --minor) add(10, minor, formats);
    }
    return tags;
}

std::vector<std::string> platforms_of(const TagPlatform& platform) {
    const std::string_view subdir = platform.conda_subdir;
    if (subdir.starts_with("osx-")) return macos_platforms(platform);
    if (subdir == "win-64") return {"win_amd64"};
    if (subdir == "win-32") return {"win32"};
    if (subdir == "win-arm64") return {"win_arm64"};
    return linux_platforms(platform);
}

/// Calls `each` with the parts of `set` between dots until it says that it is done.
template <class Each>
void for_each_part(std::string_view set, Each each) {
    while (true) {
        const std::size_t size = set.find('.');
        each(set.substr(0, size));
        if (size == std::string_view::npos) return;
        set.remove_prefix(size + 1);
    }
}

/// A tag composed on the stack.
class TagBuffer {
public:
    /// Sets what stands after the first `size` bytes; false where it does not fit.
    bool put(std::size_t at, std::string_view part, bool dash) {
        if (at + part.size() + 1 > bytes_.size()) return false;
        for (std::size_t i = 0; i < part.size(); ++i) bytes_[at + i] = to_lower(part[i]);
        size_ = at + part.size();
        if (dash) bytes_[size_++] = '-';
        return true;
    }
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::string_view text() const { return {bytes_.data(), size_}; }

private:
    std::array<char, longest_tag> bytes_{};
    std::size_t size_ = 0;
};

}  // namespace

CompatibleTags::CompatibleTags(const TagPlatform& platform) {
    const std::vector<std::string> platforms = platforms_of(platform);
    const auto python = [](const char* name, unsigned minor) { return name + ("3" + std::to_string(minor)); };
    const auto add = [this](const std::string& tag) {
        if (rank_.try_emplace(tag, static_cast<std::uint32_t>(tags_.size())).second) tags_.push_back(tag);
    };
    const auto add_all = [&](const std::string& interpreter, const std::string& abi) {
        for (const std::string& one : platforms) add(interpreter + "-" + abi + "-" + one);
    };
    const unsigned minor = platform.python_minor;
    const std::string interpreter = python("cp", minor);
    const std::string limited_api = platform.free_threaded ? "abi3t" : "abi3";
    // The interpreter's own ABI ended in `m` until Python 3.8.
    add_all(interpreter, interpreter + (platform.free_threaded ? "t" : minor < 8 ? "m" : ""));
    if (minor >= oldest_limited_api) add_all(interpreter, limited_api);
    add_all(interpreter, "none");
    for (unsigned older = minor; older-- > oldest_limited_api;) add_all(python("cp", older), limited_api);

    std::vector<std::string> pure{python("py", minor), "py3"};
    for (unsigned older = minor; older-- > 0;) pure.push_back(python("py", older));
    for (const std::string& one : pure) add_all(one, "none");
    add(interpreter + "-none-any");
    for (const std::string& one : pure) add(one + "-none-any");
}

std::optional<std::uint32_t> CompatibleTags::rank(std::string_view wheel_file_name) const {
    if (!wheel_file_name.ends_with(".whl")) return std::nullopt;
    std::string_view rest = wheel_file_name.substr(0, wheel_file_name.size() - 4);
    std::array<std::string_view, 3> fields;
    for (std::size_t i = 3; i-- > 0;) {
        const std::size_t dash = rest.rfind('-');
        if (dash == std::string_view::npos) return std::nullopt;
        fields[i] = rest.substr(dash + 1);
        rest = rest.substr(0, dash);
    }
    std::optional<std::uint32_t> best;
    TagBuffer tag;
    for_each_part(fields[0], [&](std::string_view python) {
        if (!tag.put(0, python, true)) return;
        const std::size_t after_python = tag.size();
        for_each_part(fields[1], [&](std::string_view abi) {
            if (!tag.put(after_python, abi, true)) return;
            const std::size_t after_abi = tag.size();
            for_each_part(fields[2], [&](std::string_view platform) {
                if (!tag.put(after_abi, platform, false)) return;
                const auto found = rank_.find(tag.text());
                if (found != rank_.end() && (!best || found->second < *best)) best = found->second;
            });
        });
    });
    return best;
}

}  // namespace aimlock
