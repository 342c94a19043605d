#include "fetch/pypi/packed_page.hpp"

#include <algorithm>
#include <span>

#include "fetch/packing.hpp"
#include "fetch/pypi/simple_page.hpp"

namespace aimlock {
namespace {

using pypi::PackedHead;
using pypi::PackedPage;
using pypi::PackedSdist;
using pypi::PackedWheel;

// Ordered: a version is called by the most telling reason of its files.
enum class Seen : std::uint8_t { sdist_only, no_matching_wheel, after_cutoff, kept };

UnusableReason reason_of(Seen seen) {
    if (seen == Seen::sdist_only) return UnusableReason::sdist_only;
    return seen == Seen::after_cutoff ? UnusableReason::after_cutoff : UnusableReason::no_matching_wheel;
}

/// The tables of a packed page, where they lie. Indexes are checked where they are used.
class PageView {
public:
    /// False: the page is damaged.
    bool open(std::string_view packed) {
        Unpacker in(packed);
        page_ = in.value<PackedPage>();
        text_ends_ = {in.array<std::uint32_t>(page_.texts), page_.texts};
        text_bytes_ = in.take(page_.text_bytes);
        in.align(8);
        versions_ = {in.array<std::uint32_t>(page_.versions), page_.versions};
        tags_ = {in.array<std::uint32_t>(page_.tags), page_.tags};
        in.align(8);
        heads_ = {in.array<PackedHead>(page_.heads), page_.heads};
        wheels_ = {in.array<PackedWheel>(page_.wheels), page_.wheels};
        sdists_ = {in.array<PackedSdist>(page_.sdists), page_.sdists};
        middles_ = in.take(page_.middle_bytes);
        if (!in.finished()) return false;
        for (const PackedHead& head : heads_) damaged_ = damaged_ || head.version >= page_.versions;
        for (const PackedWheel& wheel : wheels_)
            damaged_ = damaged_ || wheel.tag >= page_.tags || lies_outside(wheel);
        return !damaged_;
    }

    std::string_view text(std::uint32_t id) {
        const std::uint32_t begin = id == 0 || id > text_ends_.size() ? 0 : text_ends_[id - 1];
        if (id >= text_ends_.size() || text_ends_[id] < begin || text_ends_[id] > text_bytes_.size()) {
            damaged_ = true;
            return {};
        }
        return text_bytes_.substr(begin, text_ends_[id] - begin);
    }
    std::string_view status() { return text(page_.status); }
    std::string_view version(std::size_t i) { return text(versions_[i]); }
    [[nodiscard]] std::size_t versions() const { return versions_.size(); }
    [[nodiscard]] std::size_t tags() const { return tags_.size(); }
    [[nodiscard]] std::span<const PackedWheel> wheels() const { return wheels_; }
    [[nodiscard]] std::uint32_t version_of(const PackedWheel& wheel) const {
        return heads_[wheel.head].version;
    }
    [[nodiscard]] bool damaged() const { return damaged_; }

    std::string file_name(const PackedWheel& wheel) {
        const std::string_view head = text(heads_[wheel.head].text);
        const std::string_view tag = text(tags_[wheel.tag]);
        std::string name;
        name.reserve(head.size() + tag.size() + 5);
        name.append(head);
        if (!tag.empty()) name.append(1, '-').append(tag);
        return name.append(".whl");
    }

    WheelFile file(const PackedWheel& wheel) {
        WheelFile file;
        file.file_name = file_name(wheel);
        fill(wheel, file);
        file.has_core_metadata = (wheel.flags & PackedWheel::announces_metadata) != 0;
        file.core_metadata_sha256 = wheel.core_metadata_sha256;
        return file;
    }

    [[nodiscard]] std::span<const PackedSdist> sdists() {
        for (const PackedSdist& sdist : sdists_) damaged_ = damaged_ || lies_outside(sdist);
        return damaged_ ? std::span<const PackedSdist>{} : sdists_;
    }
    [[nodiscard]] std::uint32_t version_of(const PackedSdist& sdist) const {
        return heads_[sdist.head].version;
    }
    WheelFile file(const PackedSdist& sdist) {
        WheelFile file;
        file.kind = ArtifactKind::sdist;
        file.file_name = text(heads_[sdist.head].text);
        file.file_name += (sdist.flags & PackedSdist::is_zip) != 0 ? ".zip" : ".tar.gz";
        fill(sdist, file);
        return file;
    }

private:
    template <class Packed>
    [[nodiscard]] bool lies_outside(const Packed& file) const {
        return file.head >= page_.heads || file.middle_at > page_.middle_bytes ||
               file.middle_size > page_.middle_bytes - file.middle_at;
    }

    /// All that wheels and sdists have in common; the name is there.
    template <class Packed>
    void fill(const Packed& packed, WheelFile& file) {
        const std::string_view prefix = text(packed.prefix);
        const std::string_view middle = middles_.substr(packed.middle_at, packed.middle_size);
        const bool whole = (packed.flags & PackedWheel::url_without_name) != 0;
        file.url.reserve(prefix.size() + middle.size() + (whole ? 0 : file.file_name.size()));
        file.url.append(prefix).append(middle);
        if (!whole) file.url.append(file.file_name);
        file.sha256 = packed.sha256;
        file.size_bytes = packed.size_bytes;
        file.requires_python = text(packed.requires_python);
        file.upload_time_ms = packed.upload_time_ms;
        file.yanked = (packed.flags & PackedWheel::is_yanked) != 0;
        if (packed.yanked_reason != 0) file.yanked_reason = text(packed.yanked_reason);
    }

    PackedPage page_;
    std::span<const std::uint32_t> text_ends_;
    std::string_view text_bytes_;
    std::span<const std::uint32_t> versions_;
    std::span<const std::uint32_t> tags_;
    std::span<const PackedHead> heads_;
    std::span<const PackedWheel> wheels_;
    std::span<const PackedSdist> sdists_;
    std::string_view middles_;
    bool damaged_ = false;
};

/// Whether a wheel's tags pass: asked once for each tag part of the page.
class TagFilter {
public:
    TagFilter(PageView& page, const PageFilter& filter)
        : page_(page), filter_(filter), passes_(page.tags(), Verdict::not_asked) {}

    bool operator()(const PackedWheel& wheel) {
        if (!filter_.wheels) return false;
        if (!filter_.keep) return true;
        Verdict& verdict = passes_[wheel.tag];
        if (verdict == Verdict::not_asked)
            verdict = filter_.keep(page_.file_name(wheel)) ? Verdict::yes : Verdict::no;
        return verdict == Verdict::yes;
    }

private:
    enum class Verdict : std::uint8_t { not_asked, no, yes };
    PageView& page_;
    const PageFilter& filter_;
    std::vector<Verdict> passes_;
};

bool is_too_new(std::int64_t upload_time_ms, const PageFilter& filter) {
    return filter.exclude_newer_ms && (upload_time_ms == 0 || upload_time_ms >= *filter.exclude_newer_ms);
}

void keep_sdists(PageView& view, const PageFilter& filter, ProjectPage& page, std::vector<Seen>& seen) {
    for (const PackedSdist& sdist : view.sdists()) {
        const bool too_new = is_too_new(sdist.upload_time_ms, filter);
        if (!too_new) page.wheels.push_back(view.file(sdist));
        Seen& of_version = seen[view.version_of(sdist)];
        of_version = std::max(of_version, too_new ? Seen::after_cutoff : Seen::kept);
    }
}

}  // namespace

std::optional<ProjectPage> unpack_page(std::string_view packed,
                                       const PageOrigin& origin,
                                       const PageFilter& filter) {
    PageView view;
    if (!view.open(packed)) return std::nullopt;
    ProjectPage page;
    page.name = origin.name;
    page.index = origin.index;
    page.exists = true;
    page.status = view.status();
    TagFilter passes(view, filter);
    std::vector<Seen> seen(view.versions(), Seen::sdist_only);
    std::vector<const PackedWheel*> kept;
    for (const PackedWheel& wheel : view.wheels()) {
        Seen now = Seen::no_matching_wheel;
        if (passes(wheel)) {
            now = is_too_new(wheel.upload_time_ms, filter) ? Seen::after_cutoff : Seen::kept;
            if (now == Seen::kept) kept.push_back(&wheel);
        }
        Seen& of_version = seen[view.version_of(wheel)];
        of_version = std::max(of_version, now);
    }
    page.wheels.reserve(kept.size());
    for (const PackedWheel* wheel : kept) page.wheels.push_back(view.file(*wheel));
    if (filter.sdists) keep_sdists(view, filter, page, seen);
    page.unusable.reserve(
        static_cast<std::size_t>(std::ranges::count_if(seen, [](Seen s) { return s != Seen::kept; })));
    for (std::size_t i = 0; i < seen.size(); ++i) {
        if (seen[i] != Seen::kept) page.unusable.emplace_back(view.version(i), reason_of(seen[i]));
    }
    if (view.damaged()) return std::nullopt;
    return page;
}

}  // namespace aimlock
