#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lock/lockfile.hpp"

namespace aimlock {
namespace {

/// A TOML basic string. One spelling for each text: only what must be escaped is.
std::string quoted(std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\u00";
            out += digits[byte >> 4U];
            out += digits[byte & 15U];
        } else {
            out += c;
        }
    }
    out += '"';
    return out;
}

/// Lines of one block. Every `put` leaves out what is empty; every `must` writes it all the same.
class Lines {
public:
    explicit Lines(std::string& out) : out_(out) {}

    void block(std::string_view name) { out_.append("\n[[").append(name).append("]]\n"); }
    void must(std::string_view key, std::string_view value) { line(key, quoted(value)); }
    void must(std::string_view key, std::uint64_t value) { line(key, std::to_string(value)); }
    void must(std::string_view key, const std::vector<std::string>& values) {
        std::string list = "[";
        for (const std::string& value : values) {
            if (list.size() > 1) list += ", ";
            list += quoted(value);
        }
        line(key, list + "]");
    }
    void put(std::string_view key, std::string_view value) {
        if (!value.empty()) must(key, value);
    }
    void put(std::string_view key, std::uint64_t value) {
        if (value != 0) must(key, value);
    }
    void put(std::string_view key, const std::vector<std::string>& values) {
        if (!values.empty()) must(key, values);
    }
    void flag(std::string_view key, bool value) {
        if (value) line(key, "true");
    }

private:
    void line(std::string_view key, std::string_view value) {
        out_.append(key).append(" = ").append(value) += '\n';
    }

    std::string& out_;
};

std::string_view kind_word(PackageKind kind) {
    return kind == PackageKind::conda ? "conda" : "pypi";
}

void write_root(Lines& out, std::string_view block, const LockRoot& root) {
    out.block(block);
    out.must("kind", kind_word(root.kind));
    out.must("requirement", root.requirement);
    out.put("index", root.index);
    out.must("targets", root.targets);
}

void write_source(Lines& out, const LockSource& source) {
    out.block("source");
    out.must("kind", kind_word(source.kind));
    out.must("name", source.name);
    out.must("url", source.url);
    out.must("hosts", source.hosts);
}

void write_target(Lines& out, const LockTarget& target) {
    out.block("target");
    out.must("name", target.name);
    out.must("platform", target.platform);
    std::vector<std::string> facts;
    // Name, version and build always: three fields that any reader can split.
    for (const VirtualPackage& fact : target.virtual_packages) {
        facts.push_back(fact.name + "=" + fact.version + "=" + fact.build);
    }
    out.must("virtual-packages", facts);
    out.put("cuda-arch", target.cuda_arch);
    out.put("cuda-major", target.cuda.major);
    out.put("cuda-driver", target.cuda.driver);
    out.put("cuda-gpus", target.cuda.gpus);
    out.put("python", target.python_version);
    out.put("site-packages", target.python_site_packages_path);
}

void write_package(Lines& out, const LockPackage& locked) {
    const Package& package = locked.package;
    out.block("package");
    out.must("kind", kind_word(package.kind));
    out.must("name", package.name);
    out.must("version", package.version);
    out.put("build", package.build);
    out.put("build-number", package.build_number);
    out.must("url", package.url);
    out.must("sha256", package.sha256.hex());
    out.must("size", package.size_bytes);
    out.put("md5", package.md5);
    out.must(package.kind == PackageKind::conda ? "channel" : "index", package.origin);
    out.put("subdir", package.subdir);
    out.must("targets", locked.targets);
    out.must("requires", package.depends);
    out.put("constrains", package.constrains);
    out.put("extras", package.extras);
    out.put("provides", package.provides);
    out.put("requires-python", package.requires_python);
    out.put("noarch", package.noarch);
    out.put("site-packages", package.python_site_packages_path);
    out.put("license", package.license);
    out.put("track-features", package.track_features);
    out.put("timestamp", package.timestamp_ms);
    out.flag("yanked", package.yanked);
    out.flag("prerelease", package.prerelease);
    out.flag("direct", package.direct);
    if (package.artifact != ArtifactKind::wheel) out.must("built-from", word_of(package.artifact));
    out.put("build-requires", package.build_requires);
    out.put("subdirectory", package.subdirectory);
}

/// The keys before the first block, less `content`.
void write_head(Lines& out, const Lock& lock) {
    out.must("inputs", lock.inputs.hex());
    out.must("name-map", lock.name_map.hex());
    out.must("channel-priority", lock.channel_priority);
    if (lock.prerelease != "if-necessary") out.must("prerelease", lock.prerelease);
    if (lock.resolution != "highest") out.must("resolution", lock.resolution);
    if (lock.exclude_newer) out.must("exclude-newer", *lock.exclude_newer);
    if (lock.base) {
        out.must("base-image", lock.base->image);
        out.put("base-digest", lock.base->digest);
    }
    // A list that is missing is not an empty list: a lock cut short must not read as one with nothing in it.
    if (lock.sources.empty()) out.must("source", std::vector<std::string>{});
    if (lock.targets.empty()) out.must("target", std::vector<std::string>{});
    if (lock.roots.empty()) out.must("root", std::vector<std::string>{});
    if (lock.packages.empty()) out.must("package", std::vector<std::string>{});
}

}  // namespace

std::string write_lock(const Lock& lock) {
    const std::string version = "version = " + std::to_string(lock.version) + "\n";
    std::string rest =
        "# Written by aimlock. Edit the manifest and run `aimlock solve`; a changed line here is refused.\n";
    Lines out(rest);
    write_head(out, lock);
    for (const LockSource& source : lock.sources) write_source(out, source);
    for (const LockTarget& target : lock.targets) write_target(out, target);
    for (const LockRoot& root : lock.roots) write_root(out, "root", root);
    for (const LockRoot& bound : lock.constraints) write_root(out, "constraint", bound);
    for (const LockPackage& locked : lock.packages) write_package(out, locked);
    return version + "content = \"" + sha256_of(version + rest).hex() + "\"\n" + rest;
}

}  // namespace aimlock
