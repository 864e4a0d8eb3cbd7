-- What each labeller says of one image, on every axis.
select axis, labels, embedder, label
from image_labels_as_of($at)
where audit = $audit and system_version = $version and sha256 = $sha256
order by axis, labels desc, embedder;
