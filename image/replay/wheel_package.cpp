#include "image/replay/wheel_package.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"
#include "fetch/archive/mapped_file.hpp"
#include "fetch/archive/unpacked_limit.hpp"
#include "fetch/archive/zip_reader.hpp"
#include "image/replay/entry_points.hpp"
#include "image/replay/replayed_package.hpp"
#include "image/replay/wheel_headers.hpp"
#include "image/replay/wheel_record.hpp"
#include "solver/spec/package_name.hpp"

namespace aimlock {
namespace {

constexpr std::uint64_t most_metadata_bytes = 64U << 20U;

using Place = PackagedFile::Place;

/// One member and where it goes.
struct Placed {
    const ZipEntry* entry = nullptr;
    Place place = Place::site_packages;
    std::string path;  ///< below its place
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

/// The wheel's documents, and every member's place.
class Wheel {
public:
    Wheel(const Package& package, ZipReader zip) : package_(package), zip_(std::move(zip)) {}

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
    [[nodiscard]] const std::string& dist_info() const { return dist_info_; }

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

    struct Scheme {
        std::string_view name;
        Place place;
        std::string folder;
    };

    /// The place of a member of `NAME-VERSION.data/`.
    Result<Placed> place_data(const ZipEntry& entry, std::string_view inside) const {
        const std::size_t slash = inside.find('/');
        const std::string_view scheme = inside.substr(0, slash);
        const std::string_view rest =
            slash == std::string_view::npos ? std::string_view{} : inside.substr(slash + 1);
        const std::string name = stem_.substr(0, stem_.rfind('-'));
        const std::array<Scheme, 5> schemes = {{
            {"purelib", Place::site_packages, ""},
            {"platlib", Place::site_packages, ""},
            {"scripts", Place::prefix, "bin/"},
            {"data", Place::prefix, ""},
            {"headers", Place::headers, name + "/"},
        }};
        const auto* found = std::ranges::find(schemes, scheme, &Scheme::name);
        if (found == schemes.end() || rest.empty()) {
            return fail(ErrorCode::archive,
                        fmt::format("`{}` has no place in a wheel", shown_name(entry.path)));
        }
        return Placed{&entry, found->place, found->folder + std::string(rest), scheme == "scripts", nullptr};
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
                members_.push_back({&entry, Place::site_packages, entry.path, false, nullptr});
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
    ZipReader zip_;
    std::string dist_info_;
    std::string stem_;  ///< NAME-VERSION
    std::vector<RecordLine> record_;
    std::vector<EntryPoint> entry_points_;
    std::vector<Placed> members_;
};

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

Result<void> write_member(
    const Wheel& wheel, const Placed& member, std::size_t index, PackagedFile& file, FileSink& sink) {
    const std::uint64_t size = member.entry->size_bytes;
    if (member.is_script) {
        const auto content = wheel.zip().read_all(*member.entry, most_metadata_bytes * 16);
        if (!content) return tl::make_unexpected(content.error());
        file.packaged_sha256 = sha256_of(*content);
        auto checked = check(member, file.packaged_sha256, size);
        return checked ? sink.write(index, file, *content) : checked;
    }
    auto out = sink.create(index, file);
    if (!out) return tl::make_unexpected(out.error());
    auto read = wheel.zip().read(*member.entry, [&](std::string_view piece) { return out->append(piece); });
    if (!read) return read;
    const auto written = out->finish();
    if (!written) return tl::make_unexpected(written.error());
    file.sha256 = file.packaged_sha256 = written->sha256;
    file.changed_ns = written->changed_ns;
    return check(member, file.packaged_sha256, size);
}

PackagedFiles outline_of(const Wheel& wheel) {
    PackagedFiles package;
    package.from_wheel = package.needs_python = package.compiles = true;
    package.dist_info = wheel.dist_info();
    package.entry_points = wheel.entry_points();
    package.files.reserve(wheel.members().size());
    for (const Placed& member : wheel.members()) {
        PackagedFile file;
        file.place = member.place;
        file.path = member.path;
        file.is_script = member.is_script;
        file.executable = member.is_script || member.entry->executable;
        file.size_bytes = member.entry->size_bytes;
        package.files.push_back(std::move(file));
    }
    return package;
}

}  // namespace

Result<PackagedFiles> unpack_wheel(const Package& package,
                                   const std::filesystem::path& archive,
                                   FileSink& sink) {
    const auto mapped = MappedFile::open(archive);
    if (!mapped) return tl::make_unexpected(mapped.error());
    auto zip = ZipReader::open(mapped->bytes(), unpacked_limit(mapped->bytes().size()));
    if (!zip) return tl::make_unexpected(zip.error());
    Wheel wheel(package, std::move(*zip));
    auto read = wheel.read();
    if (!read) return tl::make_unexpected(read.error());
    PackagedFiles files = outline_of(wheel);
    auto done = sink.expect(files);
    for (std::size_t i = 0; done && i < files.files.size(); ++i)
        done = write_member(wheel, wheel.members()[i], i, files.files[i], sink);
    if (!done) return tl::make_unexpected(done.error());
    return files;
}

}  // namespace aimlock
