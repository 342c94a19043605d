#include "solver/engine/cuda_compat.hpp"

#include <algorithm>
#include <array>

#include "solver/version/conda_version.hpp"

namespace aimlock::engine {
namespace {

constexpr const char* package_name = "cuda-compat";

std::optional<CondaVersion> newest_compat(const std::vector<Channel>& channels, const std::string& platform) {
    std::optional<CondaVersion> newest;
    for (const Channel& channel : channels) {
        for (const Repodata& repodata : channel.subdirs) {
            if (repodata.subdir != platform && repodata.subdir != "noarch") continue;
            for (const CondaRecord& record : repodata.records_named(package_name)) {
                auto version = CondaVersion::parse(repodata.text(record.version));
                if (version && (!newest || *newest < *version)) newest = *std::move(version);
            }
        }
    }
    return newest;
}

// "13.0.48" -> "13.0"
std::string two_parts(const std::string& version) {
    const std::size_t first = version.find('.');
    return first == std::string::npos ? version + ".0" : version.substr(0, version.find('.', first + 1));
}

std::string doubt_about(const Target& target) {
    constexpr std::array<std::string_view, 6> not_of_data_centres{"6.1", "8.6", "8.7", "8.9", "12.0", "12.1"};
    for (const std::string& gpu : target.cuda_arch) {
        if (std::ranges::find(not_of_data_centres, gpu) != not_of_data_centres.end())
            return "; it works on data-centre GPUs only, those of architecture " + gpu + " may be others";
    }
    return "; it works on data-centre GPUs only";
}

}  // namespace

CompatRequest with_cuda_compat(const TargetRequest& request, const std::vector<Channel>& channels) {
    CompatRequest result;
    const Target& target = request.target;
    if (!target.cuda_compat || !target.cuda) return result;
    const auto driver = CondaVersion::parse(*target.cuda);
    const auto newest = newest_compat(channels, target.platform);
    if (!newest || !driver) {
        result.note = "`cuda-compat` is set, but no channel has the package: CUDA " + *target.cuda +
                      " of the driver is what counts";
        return result;
    }
    const std::string raised = two_parts(newest->text());
    const auto raised_version = CondaVersion::parse(raised);
    if (!raised_version || *raised_version <= *driver) return result;
    result.raised = request;
    result.raised->target.cuda = raised;
    CondaRoot root;
    root.spec.name = package_name;
    root.written = package_name;
    root.pos = SourcePos{{}, 0, 0};
    result.raised->conda.push_back(std::move(root));
    result.note = "`cuda-compat`: the package " + std::string(package_name) + " " + newest->text() +
                  " stands for a driver of CUDA " + raised + ", the target's is of " + *target.cuda +
                  doubt_about(target);
    return result;
}

}  // namespace aimlock::engine
