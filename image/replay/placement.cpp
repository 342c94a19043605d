#include "image/replay/placement.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "fetch/archive/entry_path.hpp"

namespace aimlock {
namespace {

/// A script's first line `#!python` stands for the environment's interpreter.
std::string with_interpreter(std::string_view content, const PrefixLayout& layout) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view first = content.substr(0, end);
    if (!first.starts_with("#!python")) return std::string(content);
    const std::size_t blank = first.find_first_of(" \t\r");
    std::string_view arguments = blank == std::string_view::npos ? std::string_view{} : first.substr(blank);
    while (arguments.ends_with('\r')) arguments.remove_suffix(1);
    std::string line = python_shebang(layout.interpreter());
    if (!arguments.empty() && line.find('\n') == line.size() - 1) line.insert(line.size() - 1, arguments);
    return line + std::string(content.substr(std::min(content.size(), end + 1)));
}

void note(const ReplayedFile& file, const PrefixLayout& layout, bool from_wheel, ReplayedPackage& replayed) {
    const std::string_view path = file.path;
    if (from_wheel) {
        if (path.ends_with(".pth") && path.rfind('/') == layout.site_packages.size())
            replayed.notes.push_back(fmt::format("runs at every start of Python: {}", path));
        return;
    }
    if (!path.starts_with("bin/.") || !path.ends_with(".sh")) return;
    for (const std::string_view kind : {"-post-link.sh", "-pre-link.sh", "-pre-unlink.sh"}) {
        if (path.ends_with(kind)) replayed.notes.push_back(fmt::format("script not run: {}", path));
    }
}

}  // namespace

std::string Placement::path_of(const PackagedFile& file) const {
    switch (file.place) {
        case PackagedFile::Place::site_packages:
            return layout_.site_packages + "/" + file.path;
        case PackagedFile::Place::headers:
            return fmt::format("include/python{}/{}", layout_.python_version, file.path);
        case PackagedFile::Place::prefix:
            break;
    }
    return file.path;
}

Result<void> Placement::expect(const PackagedFiles& package) {
    if (package.needs_python && layout_.site_packages.empty()) {
        return fail(ErrorCode::lock, "the package needs a Python, and the target has none");
    }
    std::vector<Claim> claims;
    claims.reserve(package.files.size() + package.entry_points.size() + 2);
    paths_.reserve(package.files.size());
    for (const PackagedFile& file : package.files) {
        const bool is_link = file.kind == PackagedFile::Kind::link;
        paths_.push_back(path_of(file));
        claims.push_back({is_link ? Claim::Kind::link : Claim::Kind::file, paths_.back(), false});
    }
    std::vector<std::string> others;
    others.reserve(package.folders.size() + package.entry_points.size() + 3);
    const auto claim = [&](Claim::Kind kind, std::string path, bool wrapper) {
        others.push_back(std::move(path));
        claims.push_back({kind, others.back(), wrapper});
    };
    for (const PackagedFile& folder : package.folders) claim(Claim::Kind::folder, path_of(folder), false);
    for (const EntryPoint& entry : package.entry_points) claim(Claim::Kind::file, "bin/" + entry.name, true);
    if (package.from_wheel) {
        const std::string folder = layout_.site_packages + "/" + package.dist_info;
        claim(Claim::Kind::file, folder + "/INSTALLER", false);
        claim(Claim::Kind::file, folder + "/RECORD", false);
        if (!direct_url_.empty()) claim(Claim::Kind::file, folder + "/direct_url.json", false);
    }
    auto place = tree_.claim(index_, claims, package.from_wheel);
    if (!place) return tl::make_unexpected(place.error());
    place_ = std::move(*place);
    return {};
}

Result<OutputFile> Placement::create(std::size_t index, const PackagedFile& file) {
    return place_.create(paths_[index], file.executable);
}

Result<void> Placement::write(std::size_t index, PackagedFile& file, std::string_view content) {
    Result<std::string> adapted;
    const std::string& path = paths_[index];
    if (file.is_script) {
        adapted = with_interpreter(content, layout_);
    } else {
        adapted = replace_prefix(content, *file.placeholder, layout_.prefix, path);
    }
    if (!adapted) return tl::make_unexpected(adapted.error());
    const auto written = place_.write(path, *adapted, file.executable);
    if (!written) return tl::make_unexpected(written.error());
    file.sha256 = written->sha256;
    file.size_bytes = adapted->size();
    file.changed_ns = 0;
    return {};
}

Result<void> Placement::link(const PackagedFile& file) {
    return link_at(path_of(file), file);
}

Result<void> Placement::link_at(const std::string& path, const PackagedFile& file) const {
    const auto inside = safe_link_target(path, file.link);
    if (!inside) return tl::make_unexpected(inside.error());
    return place_.symlink(path, file.link);
}

Result<void> Placement::second_name(const PackagedFile& file, const PackagedFile& first) {
    return place_.hardlink(path_of(file), path_of(first));
}

Result<void> Placement::take_file(const UnpackedPackage& stored,
                                  std::size_t index,
                                  PackagedFile& file,
                                  Sharing how) {
    if (!file.adapts()) {
        return place_.share(paths_[index], stored.folder.descriptor(), UnpackedStore::name_of(index),
                            file.executable, how);
    }
    const auto content = stored.read(index);
    if (!content) return tl::make_unexpected(content.error());
    if (file.is_script && !content->starts_with("#!python")) {
        return place_.share(paths_[index], stored.folder.descriptor(), UnpackedStore::name_of(index),
                            file.executable, how);
    }
    return write(index, file, *content);
}

Result<void> Placement::take(UnpackedPackage& stored, Sharing how) {
    auto done = expect(stored.package);
    std::vector<PackagedFile>& files = stored.package.files;
    for (std::size_t i = 0; done && i < files.size(); ++i) {
        if (files[i].kind == PackagedFile::Kind::file) done = take_file(stored, i, files[i], how);
        if (files[i].kind == PackagedFile::Kind::link) done = link_at(paths_[i], files[i]);
    }
    for (PackagedFile& file : files) {
        if (!done || file.kind != PackagedFile::Kind::second_name) continue;
        const PackagedFile& first = files[file.first_name];
        copy_first_name(first, file);
        done = second_name(file, first);
    }
    return done;
}

Result<void> Placement::generate(const PackagedFiles& files, ReplayedPackage& replayed) const {
    const auto write = [&](const std::string& path, const std::string& text,
                           bool executable) -> Result<void> {
        const auto written = place_.write(path, text, executable);
        if (!written) return tl::make_unexpected(written.error());
        const auto kind = executable ? ReplayedFile::Kind::entry_point : ReplayedFile::Kind::file;
        replayed.files.push_back(
            {kind, path, written->sha256, text.size(), written->sha256, {}, 0, executable});
        return {};
    };
    for (const EntryPoint& entry : files.entry_points) {
        auto done = write("bin/" + entry.name, entry_point_wrapper(entry, layout_.interpreter()), true);
        if (!done) return done;
    }
    if (!files.from_wheel) return {};
    if (!direct_url_.empty()) {
        auto done = write(replayed.dist_info + "/direct_url.json", direct_url_, false);
        if (!done) return done;
    }
    return write(replayed.dist_info + "/INSTALLER", "aimlock\n", false);
}

Result<ReplayedPackage> Placement::finish(const Package& package, PackagedFiles files) {
    ReplayedPackage replayed;
    replayed.package = &package;
    replayed.compiles = files.compiles;
    if (files.from_wheel) replayed.dist_info = layout_.site_packages + "/" + files.dist_info;
    replayed.files.reserve(files.files.size() + files.entry_points.size() + 1);
    for (std::size_t i = 0; i < files.files.size(); ++i) {
        PackagedFile& file = files.files[i];
        const bool is_link = file.kind == PackagedFile::Kind::link;
        ReplayedFile placed{is_link ? ReplayedFile::Kind::link : ReplayedFile::Kind::file,
                            std::move(paths_[i]),
                            is_link ? Sha256{} : file.sha256,
                            file.size_bytes,
                            file.packaged_sha256,
                            std::move(file.placeholder),
                            file.changed_ns,
                            file.executable};
        // Of two with one content either may be the one that stays.
        if (place_.is_contested(placed.path)) placed.changed_ns = 0;
        note(placed, layout_, files.from_wheel, replayed);
        replayed.files.push_back(std::move(placed));
    }
    replayed.index_json = std::move(files.index_json);
    auto generated = generate(files, replayed);
    if (!generated) return tl::make_unexpected(generated.error());
    std::ranges::sort(replayed.files, {}, &ReplayedFile::path);
    return replayed;
}

}  // namespace aimlock
