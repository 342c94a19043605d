#include "image/replay/wheel_package.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "image/replay/entry_points.hpp"
#include "image/replay/wheel_record.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t most_metadata_bytes = 64U << 20U;

/// One member and where it goes.
struct Placed {
    const ZipEntry* entry = nullptr;
    std::string path;  ///< relative to the prefix
    bool is_script = false;
    const RecordLine* record = nullptr;
};

bool is_signature(std::string_view name) {
    return name == "RECORD.jws" || name == "RECORD.p7s";
}

/// What an installer writes itself: a wheel that brings its own would speak for us.
bool is_installers_own(std::string_view name) {
    return name == "RECORD" || name == "INSTALLER" || name == "REQUESTED" || name == "direct_url.json";
}

/// The value of a `Key: value` line of WHEEL.
std::string_view header_value(std::string_view text, std::string_view key) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(text.size(), end + 1));
        if (!line.starts_with(key) || line.substr(key.size(), 1) != ":") continue;
        line.remove_prefix(key.size() + 1);
        const std::size_t first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) return {};
        return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    }
    return {};
}

/// The wheel's documents, and every member's place.
class Wheel {
public:
    Wheel(const Package& package, const PrefixLayout& layout, ZipReader zip)
        : package_(package), layout_(layout), zip_(std::move(zip)) {}

    Result<void> read() {
        for (auto step :
             {&Wheel::find_dist_info, &Wheel::read_documents, &Wheel::place_members, &Wheel::match_record}) {
            auto done = (this->*step)();
            if (!done) return done;
        }
        return {};
    }

    [[nodiscard]] const ZipReader& zip() const { return zip_; }
    [[nodiscard]] const std::vector<Placed>& members() const { return members_; }
    [[nodiscard]] const std::vector<EntryPoint>& entry_points() const { return entry_points_; }
    [[nodiscard]] std::string dist_info() const { return layout_.site_packages + "/" + dist_info_; }

private:
    Result<void> find_dist_info() {
        for (const ZipEntry& entry : zip_.entries()) {
            const std::string_view top = std::string_view(entry.path).substr(0, entry.path.find('/'));
            if (!top.ends_with(".dist-info") || top == dist_info_) continue;
            if (!dist_info_.empty())
                return fail(ErrorCode::archive, "the wheel has several .dist-info folders");
            dist_info_ = top;
        }
        stem_ = dist_info_.substr(0, dist_info_.size() - std::min<std::size_t>(dist_info_.size(), 10));
        const std::size_t dash = stem_.rfind('-');
        if (dash == std::string::npos) return fail(ErrorCode::archive, "the wheel has no .dist-info folder");
        if (normalize_pypi_name(stem_.substr(0, dash)) != normalize_pypi_name(package_.name)) {
            return fail(ErrorCode::integrity, fmt::format("the wheel holds {}", shown_name(stem_)));
        }
        return {};
    }

    Result<std::string> document(std::string_view name) {
        const ZipEntry* entry = zip_.find(fmt::format("{}/{}", dist_info_, name));
        if (entry == nullptr) return fail(ErrorCode::archive, fmt::format("the wheel has no {}", name));
        return zip_.read_all(*entry, most_metadata_bytes);
    }

    Result<void> read_documents() {
        const auto wheel = document("WHEEL");
        if (!wheel) return tl::make_unexpected(wheel.error());
        if (!header_value(*wheel, "Wheel-Version").starts_with("1.")) {
            return fail(ErrorCode::archive, "the wheel is of a format that is not known here");
        }
        const auto record = document("RECORD");
        if (!record) return tl::make_unexpected(record.error());
        auto lines = parse_record(*record);
        if (!lines) return tl::make_unexpected(lines.error());
        record_ = std::move(*lines);
        if (zip_.find(dist_info_ + "/entry_points.txt") == nullptr) return {};
        const auto text = document("entry_points.txt");
        if (!text) return tl::make_unexpected(text.error());
        auto entries = parse_entry_points_txt(*text);
        if (!entries) return tl::make_unexpected(entries.error());
        entry_points_ = std::move(*entries);
        return {};
    }

    /// The place of a member of `NAME-VERSION.data/`.
    Result<Placed> place_data(const ZipEntry& entry, std::string_view inside) const {
        const std::size_t slash = inside.find('/');
        const std::string_view scheme = inside.substr(0, slash);
        const std::string_view rest =
            slash == std::string_view::npos ? std::string_view{} : inside.substr(slash + 1);
        const std::string name = stem_.substr(0, stem_.rfind('-'));
        const std::array<std::pair<std::string_view, std::string>, 5> schemes = {{
            {"purelib", layout_.site_packages + "/"},
            {"platlib", layout_.site_packages + "/"},
            {"scripts", "bin/"},
            {"data", ""},
            {"headers", fmt::format("include/python{}/{}/", layout_.python_version, name)},
        }};
        const auto* found =
            std::ranges::find(schemes, scheme, &std::pair<std::string_view, std::string>::first);
        if (found == schemes.end() || rest.empty()) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` has no place in a wheel", shown_name(entry.path)));
        }
        return Placed{&entry, found->second + std::string(rest), scheme == "scripts", nullptr};
    }

    Result<void> place_members() {
        const std::string data = stem_ + ".data/";
        for (const ZipEntry& entry : zip_.entries()) {
            if (entry.directory) continue;
            if (entry.path.starts_with(dist_info_ + "/")) {
                const std::string_view name = std::string_view(entry.path).substr(dist_info_.size() + 1);
                if (is_installers_own(name)) continue;
            }
            if (!entry.path.starts_with(data)) {
                members_.push_back({&entry, layout_.site_packages + "/" + entry.path, false, nullptr});
                continue;
            }
            auto placed = place_data(entry, std::string_view(entry.path).substr(data.size()));
            if (!placed) return tl::make_unexpected(placed.error());
            members_.push_back(std::move(*placed));
        }
        return {};
    }

    Result<void> match_record() {
        std::unordered_map<std::string_view, const RecordLine*> lines;
        const auto refused = [](std::string_view path, std::string_view why) {
            return fail(ErrorCode::integrity, fmt::format("RECORD {} `{}`", why, shown_name(path)));
        };
        for (const RecordLine& line : record_) {
            const auto safe = safe_entry_path(line.path);
            if (!safe || *safe != line.path) return refused(line.path, "names what is no file of the wheel:");
            if (!lines.emplace(line.path, &line).second) return refused(line.path, "states twice");
        }
        for (Placed& member : members_) {
            const auto found = lines.find(member.entry->path);
            const std::string_view name =
                std::string_view(member.entry->path).substr(member.entry->path.rfind('/') + 1);
            const bool exempt = member.entry->path.starts_with(dist_info_ + "/") && is_signature(name);
            if (found != lines.end()) {
                member.record = found->second;
                if (found->second->hash.empty() && !exempt && !name.ends_with(".pyc")) {
                    return refused(member.entry->path, "states no hash for");
                }
                lines.erase(found);
            } else if (!exempt) {
                return refused(member.entry->path, "does not name");
            }
        }
        for (const auto& [path, line] : lines) {
            if (zip_.find(path) == nullptr && !path.ends_with(".pyc")) {
                return refused(path, "names what the wheel does not hold:");
            }
        }
        return {};
    }

    const Package& package_;
    const PrefixLayout& layout_;
    ZipReader zip_;
    std::string dist_info_;
    std::string stem_;  ///< NAME-VERSION
    std::vector<RecordLine> record_;
    std::vector<EntryPoint> entry_points_;
    std::vector<Placed> members_;
};

/// A script's first line `#!python` stands for the environment's interpreter.
std::string with_interpreter(std::string_view content, const PrefixLayout& layout) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    std::string_view first = content.substr(0, end);
    if (!first.starts_with("#!python")) return std::string(content);
    const std::size_t blank = first.find_first_of(" \t\r");
    std::string_view arguments = blank == std::string_view::npos ? std::string_view{} : first.substr(blank);
    while (arguments.ends_with('\r')) arguments.remove_suffix(1);
    std::string line = python_shebang(layout.interpreter());
    if (!arguments.empty() && line.find('\n') == line.size() - 1) line.insert(line.size() - 1, arguments);
    return line + std::string(content.substr(std::min(content.size(), end + 1)));
}

Result<void> check(const Placed& member, const Sha256& found, std::uint64_t size) {
    const RecordLine* line = member.record;
    if (line == nullptr || line->hash.empty()) return {};
    const auto wrong = [&](std::string_view what) {
        return fail(ErrorCode::integrity, fmt::format("`{}` {}", shown_name(member.entry->path), what));
    };
    const auto stated = record_sha256(line->hash);
    if (!stated) return wrong("has a hash in RECORD that is not a SHA-256");
    if (*stated != found) {
        return wrong(fmt::format("has sha256 {}, and RECORD says {}", found.hex(), stated->hex()));
    }
    if (!line->size.empty() && line->size != std::to_string(size)) {
        return wrong(fmt::format("has {} bytes, and RECORD says {}", size, shown_name(line->size)));
    }
    return {};
}

Result<ReplayedFile> write_member(const Wheel& wheel,
                                  const Placed& member,
                                  const PrefixLayout& layout,
                                  const PackageFolder& place) {
    ReplayedFile file{ReplayedFile::Kind::file, member.path, {}, member.entry->size_bytes, {}, {}};
    if (member.is_script) {
        auto content = wheel.zip().read_all(*member.entry, most_metadata_bytes * 16);
        if (!content) return tl::make_unexpected(content.error());
        file.packaged_sha256 = sha256_of(*content);
        const std::string text = with_interpreter(*content, layout);
        auto written = place.write(member.path, text, true);
        if (!written) return tl::make_unexpected(written.error());
        file.sha256 = *written;
        file.size_bytes = text.size();
    } else {
        auto out = place.create(member.path, member.entry->executable);
        if (!out) return tl::make_unexpected(out.error());
        auto read =
            wheel.zip().read(*member.entry, [&](std::string_view piece) { return out->append(piece); });
        if (!read) return tl::make_unexpected(read.error());
        auto written = out->finish();
        if (!written) return tl::make_unexpected(written.error());
        file.sha256 = file.packaged_sha256 = *written;
    }
    auto checked = check(member, file.packaged_sha256, member.entry->size_bytes);
    if (!checked) return tl::make_unexpected(checked.error());
    return file;
}

std::vector<Claim> claims_of(const Wheel& wheel) {
    std::vector<Claim> claims;
    for (const Placed& member : wheel.members()) claims.push_back({Claim::Kind::file, member.path, false});
    for (const EntryPoint& entry : wheel.entry_points())
        claims.push_back({Claim::Kind::file, "bin/" + entry.name, true});
    claims.push_back({Claim::Kind::file, wheel.dist_info() + "/INSTALLER", false});
    claims.push_back({Claim::Kind::file, wheel.dist_info() + "/RECORD", false});
    return claims;
}

Result<void> write_generated(const Wheel& wheel,
                             const PrefixLayout& layout,
                             const PackageFolder& place,
                             ReplayedPackage& replayed) {
    const auto write = [&](const std::string& path, const std::string& text,
                           bool executable) -> Result<void> {
        auto written = place.write(path, text, executable);
        if (!written) return tl::make_unexpected(written.error());
        const auto kind = executable ? ReplayedFile::Kind::entry_point : ReplayedFile::Kind::file;
        replayed.files.push_back({kind, path, *written, text.size(), *written, {}});
        return {};
    };
    for (const EntryPoint& entry : wheel.entry_points()) {
        auto done = write("bin/" + entry.name, entry_point_wrapper(entry, layout.interpreter()), true);
        if (!done) return done;
    }
    return write(wheel.dist_info() + "/INSTALLER", "aimlock\n", false);
}

}  // namespace

Result<ReplayedPackage> replay_wheel(const Package& package,
                                     const std::filesystem::path& archive,
                                     const PrefixLayout& layout,
                                     StagedTree& tree,
                                     std::size_t index) {
    if (layout.site_packages.empty()) {
        return fail(ErrorCode::lock, "the package needs a Python, and the target has none");
    }
    const auto mapped = MappedFile::open(archive);
    if (!mapped) return tl::make_unexpected(mapped.error());
    auto zip = ZipReader::open(mapped->bytes(), unpacked_limit(mapped->bytes().size()));
    if (!zip) return tl::make_unexpected(zip.error());
    Wheel wheel(package, layout, std::move(*zip));
    auto read = wheel.read();
    if (!read) return tl::make_unexpected(read.error());
    const auto place = tree.claim(index, claims_of(wheel), true);
    if (!place) return tl::make_unexpected(place.error());

    ReplayedPackage replayed;
    replayed.package = &package;
    replayed.dist_info = wheel.dist_info();
    replayed.compiles = true;
    for (const Placed& member : wheel.members()) {
        auto file = write_member(wheel, member, layout, *place);
        if (!file) return tl::make_unexpected(file.error());
        const std::string_view path = file->path;
        if (path.ends_with(".pth") && path.rfind('/') == layout.site_packages.size()) {
            replayed.notes.push_back(fmt::format("runs at every start of Python: {}", file->path));
        }
        replayed.files.push_back(std::move(*file));
    }
    auto generated = write_generated(wheel, layout, *place, replayed);
    if (!generated) return tl::make_unexpected(generated.error());
    std::ranges::sort(replayed.files, {}, &ReplayedFile::path);
    return replayed;
}

}  // namespace aimlock
