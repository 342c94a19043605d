#include "tests/support/toy_world.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "solver/spec/package_name.hpp"
#include "solver/spec/spec_condition.hpp"

namespace aimlock::testing {
namespace {

TextList add_list(Repodata& repodata, const std::vector<std::string>& texts) {
    const TextList list{static_cast<std::uint32_t>(repodata.lists.size()),
                        static_cast<std::uint32_t>(texts.size())};
    for (const std::string& text : texts) repodata.lists.push_back(repodata.texts.intern(text));
    return list;
}

std::string file_name_of(const ToyRelease& release, const std::string& tag) {
    std::string name = release.name;
    std::ranges::replace(name, '-', '_');
    if (tag.empty()) return name + "-" + release.version + ".tar.gz";
    return name + "-" + release.version + "-" + tag + ".whl";
}

}  // namespace

std::string ToyWorld::url_of(const ToyRelease& release, const std::string& tag) {
    if (!release.address.empty()) return release.address;
    return "https://index.example/files/" + file_name_of(release, tag);
}

std::vector<Channel> ToyWorld::channels() const {
    std::vector<Channel> channels;
    std::uint64_t timestamp = 1;
    for (const std::string& name : channel_names) {
        Channel channel;
        channel.name = name;
        channel.url = "https://channel.example/" + name;
        for (const std::string subdir : {"linux-64", "win-64", "noarch"}) {
            channel.subdirs.push_back(subdir_of(channel, subdir, timestamp));
        }
        channels.push_back(std::move(channel));
    }
    return channels;
}

Repodata ToyWorld::subdir_of(const Channel& channel,
                             const std::string& subdir,
                             std::uint64_t& timestamp) const {
    Repodata repodata;
    repodata.channel = channel.name;
    repodata.subdir = subdir;
    repodata.base_url = channel.url + "/" + subdir + "/";
    for (const ToyRecord& record : records) {
        if (record.channel != channel.name || record.subdir != subdir) continue;
        CondaRecord made;
        made.file_name =
            repodata.texts.intern(record.name + "-" + record.version + "-" + record.build + ".conda");
        made.name = repodata.texts.intern(record.name);
        made.version = repodata.texts.intern(record.version);
        made.build = repodata.texts.intern(record.build);
        made.build_number = record.build_number;
        made.depends = add_list(repodata, record.depends);
        made.constrains = add_list(repodata, record.constrains);
        made.track_features = repodata.texts.intern(record.track_features);
        made.purls = add_list(repodata, record.purls);
        made.timestamp_ms = record.timestamp_ms != 0 ? record.timestamp_ms : timestamp++;
        made.flags = repodata.texts.intern(record.flags);
        made.extra_depends = add_list(repodata, record.extra_depends);
        made.sha256 = sha256_of(channel.name + "/" + std::string(repodata.text(made.file_name)));
        repodata.records.push_back(made);
    }
    repodata.sort_by_name();
    return repodata;
}

void ToyWorld::reset() {
    questions_.clear();
    counts_ = {};
}

std::unique_ptr<MetadataSource> ToyWorld::keeping(std::function<bool(std::string_view)> keep) const {
    auto same = std::make_unique<ToyWorld>(*this);
    if (same->on_pages) same->on_pages = std::move(keep);
    same->reset();
    return same;
}

std::vector<Result<WheelCode>> ToyWorld::read_code(const std::vector<WheelFile>& wheels) {
    std::vector<Result<WheelCode>> codes;
    if (!reads_code) return codes;
    for (const WheelFile& wheel : wheels) {
        code_read.push_back(wheel.file_name);
        const auto found = std::ranges::find_if(releases, [&](const ToyRelease& release) {
            return std::ranges::any_of(release.tags,
                                       [&](const auto& tag) { return url_of(release, tag) == wheel.url; });
        });
        const bool known = found != releases.end() && found->code;
        codes.push_back(known ? Result<WheelCode>(*found->code)
                              : fail(ErrorCode::network, "no route to host"));
    }
    return codes;
}

Result<FileDigest> ToyWorld::read_digest(const WheelFile& file) {
    return fail(ErrorCode::integrity, "no sha256 is known for " + file.url);
}

std::unique_ptr<MetadataSource> ToyWorld::building(const SourcePolicy& policy) const {
    auto same = std::make_unique<ToyWorld>(*this);
    same->may_build = policy;
    same->reset();
    return same;
}

void ToyWorld::ask_page(const std::string& normalized_name) {
    questions_.push_back({true, normalized_name});
    ++counts_.index_requests;
}

void ToyWorld::ask_metadata(const WheelFile& wheel) {
    questions_.push_back({false, wheel.url});
    ++counts_.metadata_requests;
}

Arrival ToyWorld::wait() {
    order_seed = order_seed * 1103515245U + 12345U;
    const auto at = static_cast<std::ptrdiff_t>((order_seed >> 16U) % questions_.size());
    const Question question = questions_[static_cast<std::size_t>(at)];
    questions_.erase(questions_.begin() + at);
    if (!question.is_page) {
        for (const ToyRelease& release : releases) {
            std::vector<std::string> tags = release.tags;
            tags.emplace_back();  // the source distribution
            for (const std::string& tag : tags) {
                if (url_of(release, tag) != question.what || release.unreadable) continue;
                CoreMetadata metadata;
                metadata.name = release.name;
                metadata.version = release.version;
                metadata.requires_dist = release.requires_dist;
                if (tag.empty()) {
                    metadata.build_requires = release.build_requires;
                    metadata.unusable = release.not_static;
                } else if (tag != release.tags.front()) {
                    metadata.requires_dist.insert(metadata.requires_dist.end(),
                                                  release.more_of_others.begin(),
                                                  release.more_of_others.end());
                }
                metadata.requires_python = release.requires_python;
                metadata.provides_extra = release.extras;
                return MetadataArrived{question.what, metadata};
            }
        }
        return MetadataArrived{question.what, fail(ErrorCode::not_found, "no such wheel: " + question.what)};
    }
    ProjectPage page;
    page.name = question.what;
    page.index = "https://index.example/simple";
    for (const ToyRelease& release : releases) {
        if (release.name != question.what) continue;
        page.exists = true;
        const bool builds = may_build.may_build(release.name) && (release.has_sdist || release.tags.empty());
        if (release.tags.empty() && !builds)
            page.unusable.emplace_back(release.version, UnusableReason::sdist_only);
        if (exclude_newer_ms != 0 && (release.uploaded_ms == 0 || release.uploaded_ms >= exclude_newer_ms)) {
            page.unusable.emplace_back(release.version, UnusableReason::after_cutoff);
            continue;
        }
        const std::size_t wheels_before = page.wheels.size();
        std::vector<std::string> tags = release.tags;
        if (!may_build.takes_wheels(release.name)) tags.clear();
        if (builds) tags.emplace_back();
        for (const std::string& tag : tags) {
            WheelFile wheel;
            wheel.file_name = file_name_of(release, tag);
            if (tag.empty()) wheel.kind = ArtifactKind::sdist;
            if (!tag.empty() && on_pages && !on_pages(wheel.file_name)) continue;
            wheel.direct = !release.address.empty();
            wheel.url = url_of(release, tag);
            wheel.sha256 = sha256_of(wheel.file_name);
            if (release.page_states_python) wheel.requires_python = release.requires_python;
            wheel.yanked = release.yanked;
            wheel.upload_time_ms = release.uploaded_ms;
            page.wheels.push_back(std::move(wheel));
        }
        if (page.wheels.size() == wheels_before && !release.tags.empty() && !builds)
            page.unusable.emplace_back(release.version, UnusableReason::no_matching_wheel);
    }
    return PageArrived{question.what, page};
}

TargetRequest toy_request(const std::vector<std::string>& conda, const std::vector<std::string>& pypi) {
    TargetRequest request;
    request.target.name = "test";
    for (const std::string& text : conda) {
        auto spec = MatchSpec::parse(text);
        EXPECT_TRUE(spec.has_value()) << text;
        if (spec) request.conda.push_back({*std::move(spec), text, {{}, 0, 0}});
    }
    for (const std::string& text : pypi) {
        auto requirement = Requirement::parse(text);
        EXPECT_TRUE(requirement.has_value()) << text;
        if (requirement) request.pypi.push_back({*std::move(requirement), text, std::nullopt, {{}, 0, 0}});
    }
    return request;
}

std::vector<std::string> package_lines(const Solution& solution) {
    std::vector<std::string> lines;
    for (const Package& package : solution.packages) {
        lines.push_back(package.name + " " + package.version +
                        (package.kind == PackageKind::conda ? " (conda)" : " (PyPI)"));
    }
    std::ranges::sort(lines);
    return lines;
}

namespace {

class Checker {
public:
    Checker(const ToyWorld& world,
            const TargetRequest& request,
            const Solution& solution,
            const NameMap& name_map)
        : world_(world),
          request_(request),
          solution_(solution),
          environment_(request.target.markers(solution.python_version)) {
        for (const Package& package : solution.packages) {
            if (package.kind == PackageKind::pypi) {
                provide(package.name, package.version, package.name + " (PyPI)");
                continue;
            }
            for (const auto& [name, version] : carried_by(package, name_map))
                provide(name, version, package.name + " (conda)");
        }
    }

    std::vector<std::string> check() {
        for (const Package& package : solution_.packages) {
            if (package.kind == PackageKind::conda) check_conda(package);
        }
        for (const CondaRoot& root : request_.conda) need_conda(root.spec, "the request");
        for (const PypiRoot& root : request_.pypi) need_pypi(root.requirement, {}, "the request");
        for (const Package& package : solution_.packages) {
            if (package.kind == PackageKind::pypi && !reached_.contains({package.name, std::string()})) {
                found_.push_back(package.name + " (PyPI) is asked for by nothing");
            }
        }
        return found_;
    }

private:
    [[nodiscard]] std::vector<std::pair<std::string, std::string>> carried_by(const Package& package,
                                                                              const NameMap& name_map) const {
        std::vector<std::pair<std::string, std::string>> carried;
        if (package.name == "python") return carried;
        const std::string type = "pkg:pypi/";
        for (const ToyRecord& record : world_.records) {
            if (record.name != package.name || record.version != package.version ||
                record.build != package.build)
                continue;
            for (const std::string& purl : record.purls) {
                const std::size_t at = purl.find('@');
                carried.emplace_back(purl.substr(type.size(), at - type.size()),
                                     at == std::string::npos ? package.version : purl.substr(at + 1));
            }
            if (!record.purls.empty()) return carried;
        }
        for (const std::string& name : name_map.pypi_names(package.name))
            carried.emplace_back(name, package.version);
        return carried;
    }

    void provide(const std::string& name, const std::string& version, const std::string& by) {
        auto parsed = Pep440Version::parse(version);
        if (!parsed) return;
        if (providers_.contains(name))
            found_.push_back("two providers of " + name + ": " + by + " and " + providers_.at(name).second);
        providers_.emplace(name, std::pair(*parsed, by));
    }

    [[nodiscard]] bool met_by_conda(const MatchSpec& spec, const Package& package) const {
        const auto version = CondaVersion::parse(package.version);
        MatchFields fields;
        fields.name = package.name;
        fields.version = &*version;
        fields.build = package.build;
        fields.build_number = package.build_number;
        fields.channel = package.origin;
        for (const ToyRecord& record : world_.records) {
            if (record.name == package.name && record.version == package.version &&
                record.build == package.build)
                fields.flags = record.flags;
        }
        return version && spec.matches(fields);
    }

    void need_conda(const MatchSpec& spec, const std::string& by) {
        if (spec.when && !holds(*SpecCondition::parse(*spec.when))) return;
        if (!is_there(spec)) return found_.push_back(by + " needs " + spec.text());
        for (const ToyRecord& record : world_.records) {
            for (const Package& package : solution_.packages) {
                if (package.kind != PackageKind::conda || package.name != spec.name ||
                    record.name != package.name || record.version != package.version ||
                    record.build != package.build || record.channel != package.origin)
                    continue;
                need_extras(spec, record);
            }
        }
    }

    void need_extras(const MatchSpec& spec, const ToyRecord& record) {
        for (std::size_t i = 0; i + 1 < record.extra_depends.size(); i += 2) {
            const std::string& group = record.extra_depends[i];
            if (std::ranges::find(spec.extras, group) == spec.extras.end()) continue;
            need_conda(*MatchSpec::parse(record.extra_depends[i + 1]), record.name + "[" + group + "]");
        }
    }

    [[nodiscard]] bool is_there(const MatchSpec& spec) const {
        for (const Package& package : solution_.packages) {
            if (package.kind == PackageKind::conda && met_by_conda(spec, package)) return true;
        }
        for (const VirtualPackage& fact : request_.target.virtual_packages()) {
            Package package;
            package.name = fact.name;
            package.version = fact.version;
            package.build = fact.build;
            if (met_by_conda(spec, package)) return true;
        }
        return false;
    }

    [[nodiscard]] bool holds(const SpecCondition& condition) const {
        const auto part_holds = [&](const SpecCondition& part) { return holds(part); };
        if (condition.kind == SpecCondition::Kind::spec) return is_there(*MatchSpec::parse(condition.spec));
        return condition.kind == SpecCondition::Kind::all_of
                   ? std::ranges::all_of(condition.parts, part_holds)
                   : std::ranges::any_of(condition.parts, part_holds);
    }

    void check_conda(const Package& package) {
        for (const std::string& text : package.depends) need_conda(*MatchSpec::parse(text), package.name);
        for (const std::string& text : package.constrains) {
            const auto spec = MatchSpec::parse(text);
            for (const Package& other : solution_.packages) {
                if (other.kind == PackageKind::conda && other.name == spec->name &&
                    !met_by_conda(*spec, other)) {
                    found_.push_back(package.name + " constrains " + text);
                }
            }
        }
    }

    void need_pypi(const Requirement& requirement, const std::string& for_extra, const std::string& by) {
        if (requirement.marker && !requirement.marker->evaluate(environment_, for_extra)) return;
        const auto provider = providers_.find(requirement.name);
        if (provider == providers_.end()) return found_.push_back(by + " needs " + requirement.text());
        if (!requirement.specifiers.admits(provider->second.first)) {
            found_.push_back(by + " needs " + requirement.text() + ", there is " +
                             provider->second.first.text());
        }
        walk(requirement.name, {});
        for (const std::string& extra : requirement.extras) walk(requirement.name, extra);
    }

    void walk(const std::string& name, const std::string& extra) {
        if (!reached_.emplace(name, extra).second) return;
        const auto& [version, by] = providers_.at(name);
        for (const ToyRelease& release : world_.releases) {
            if (release.name != name || *Pep440Version::parse(release.version) != version) continue;
            const bool is_wheel = by.ends_with("(PyPI)");
            if (is_wheel && extra.empty()) check_wheel(release);
            for (const std::string& text : release.requires_dist) {
                const auto requirement = Requirement::parse(text);
                const bool of_extra = requirement->marker && requirement->marker->mentions_extra();
                if (extra.empty() ? is_wheel : of_extra)
                    need_pypi(*requirement, extra, name + (extra.empty() ? "" : "[" + extra + "]"));
            }
        }
    }

    [[nodiscard]] bool is_built(const std::string& name) const {
        return std::ranges::any_of(solution_.packages, [&](const Package& package) {
            return package.name == name && package.artifact != ArtifactKind::wheel;
        });
    }

    void check_wheel(const ToyRelease& release) {
        const auto python = Pep440Version::parse(solution_.python_version);
        if (!python) return found_.push_back("a wheel without a Python");
        const auto allowed = SpecifierSet::parse(release.requires_python);
        if (!allowed->contains(*python, true)) found_.push_back(release.name + " needs another Python");
        if (is_built(release.name)) {
            for (const std::string& text : release.build_requires)
                need_pypi(*Requirement::parse(text), {}, "building " + release.name);
            return;
        }
        const CompatibleTags tags(
            request_.target.tag_platform(static_cast<unsigned>(python->minor()), false));
        if (std::ranges::none_of(release.tags, [&](const std::string& tag) {
                return tags.rank(file_name_of(release, tag)).has_value();
            })) {
            found_.push_back(release.name + " has no wheel for this Python");
        }
    }

    const ToyWorld& world_;
    const TargetRequest& request_;
    const Solution& solution_;
    MarkerEnvironment environment_;
    std::map<std::string, std::pair<Pep440Version, std::string>> providers_;
    std::set<std::pair<std::string, std::string>> reached_;
    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> violations(const ToyWorld& world,
                                    const TargetRequest& request,
                                    const Solution& solution,
                                    const NameMap& name_map) {
    return Checker(world, request, solution, name_map).check();
}

}  // namespace aimlock::testing
